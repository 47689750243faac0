// SPDX-License-Identifier: Apache-2.0
// A model that onnx-run evaluates, with the interface of an ONNX Runtime
// session as far as run_ort.js needs it.
'use strict';
const child = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const {readTensor} = require('./tensors.js');
const {readNpy, writeNpy} = require('./npy.js');

// onnx-run says that it cannot run the model.
class NotEvaluated extends Error {}

class EvaluatedSession {
  // `like`: the ONNX Runtime session of the same model.
  constructor(tool, model, like) {
    this.tool = tool;
    this.model = model;
    this.inputMetadata = like.inputMetadata;
    this.outputMetadata = like.outputMetadata;
  }

  async run(feeds, outputs) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'evaluated-'));
    try {
      return this.runIn(folder, feeds, outputs);
    } finally {
      fs.rmSync(folder, {recursive: true});
    }
  }

  runIn(folder, feeds, outputs) {
    const inputs = Object.entries(feeds).map(([name, tensor], i) => {
      const file = path.join(folder, `input_${i}.npy`);
      writeNpy(file, tensor);
      return `--input=${name}=${file}`;
    });
    const done = child.spawnSync(this.tool, [
      this.model, '--quiet', '--threads=1', ...inputs,
      `--output-dir=${path.join(folder, 'out')}`], {encoding: 'utf8'});
    if (done.status === 1) throw new NotEvaluated(done.stderr);
    if (done.status !== 0) {
      throw new Error(`onnx-run: exit ${done.status ?? done.signal}`);
    }
    // One line per output, in their order: NAME: TYPE in FILE.
    const files = done.stdout.match(/(?<= in ).*\.(npy|pb)$/gm);
    const results = {};
    this.outputMetadata.forEach(({name}, i) => {
      if (!outputs.includes(name)) return;
      results[name] = files[i].endsWith('.npy') ? readNpy(files[i]) :
                                                  readTensor(files[i]);
    });
    return results;
  }

  async release() {}
}

module.exports = {EvaluatedSession, NotEvaluated};
