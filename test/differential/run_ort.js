#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Compares pairs of models in ONNX Runtime, its own optimizations off.
//
// Reads jobs from standard input, one JSON object a line:
//   {"id": 1, "a": ORIGINAL, "b": OPTIMIZED, "side": JSON file or null,
//    "data": folder of input_N.pb or null, "seeds": [1, 2], "sizes": 2,
//    "tolerance": {"rtol": 1e-4, "atol": 1e-5, "norm": false}}
// With "evaluator": ONNX_RUN in place of "b", ORIGINAL is compared with what
// onnx-run makes of it, and is `unchecked` if that refuses the first sizes.
// `side` says what inputs the original accepts: {"dims": {NAME or "INPUT.AXIS":
// size}, "inputs": {NAME: {shape, min, max, value, kind, scale}}}. Each dim
// takes so many `sizes` besides the first. `norm` judges differences by the
// largest magnitude of the output.
//
// Answers one line a job: {"id", "status", "reason", "compared", "notes",
// "declined"}, the status being `equal`, `different` or `unchecked` (nothing
// could be compared); `declined` are sizes that the evaluator refuses.
// Before a model is used it writes {"id", "phase": "a" or "b"}, so that one who
// sees this process die knows whose fault it is.
'use strict';
const fs = require('fs');
const path = require('path');
const readline = require('readline');
const ort = require('onnxruntime-node');
const {EvaluatedSession, NotEvaluated} = require('./evaluated.js');
const {readTensor, randomTensor, difference} = require('./tensors.js');

// Sizes for all dims that nothing is known of, tried until the model runs.
const FALLBACK_SIZES = [null, 2, 1, 4, 8, 16, 32, 64];
const INT_ENDS = [8, 2, 1];

class Unchecked extends Error {}
class Different extends Error {}

// The message on one line, without folders: it goes into committed lists.
const oneLine = (error) => String(error.message || error)
    .replace(/\s+/g, ' ').replace(/\/[^\s:'"]*\//g, '').slice(0, 200);
const emit = (object) => fs.writeSync(1, JSON.stringify(object) + '\n');

function open(file) {
  return ort.InferenceSession.create(file, {
    executionProviders: ['cpu'], graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4,
  });
}

// ---- sizes of dynamic dims

// The key of a dynamic dim: its name, INPUT.AXIS if it has none.
function dimKey(meta, axis) {
  const dim = meta.shape[axis];
  if (typeof dim === 'number' && dim >= 0) return null;
  return typeof dim === 'string' && dim ? dim : `${meta.name}.${axis}`;
}

function defaultSize(key, axis, rank) {
  if (/batch|^n$|^b$|^bs$/i.test(key)) return 2;
  if (/height|width|^h$|^w$/i.test(key)) return 64;
  if (/seq|len|time|frames|tokens/i.test(key)) return 16;
  if (axis === 0) return 2;
  if (rank === 4) return axis === 1 ? 3 : 64;
  return 8;
}

// key -> size. `fallback` replaces the guesses, not what `side` says.
function baseSizes(inputs, side, fallback) {
  const known = side.dims || {};
  const sizes = {};
  for (const meta of inputs) {
    meta.shape.forEach((_, axis) => {
      const key = dimKey(meta, axis);
      if (key === null || key in sizes) return;
      const own = known[key] ?? known[`${meta.name}.${axis}`];
      sizes[key] = own ?? fallback ??
          defaultSize(key, axis, meta.shape.length);
    });
  }
  return sizes;
}

// Dims that are the sum of two others in `base` (total = past + new) follow.
function keepSums(base, sizes) {
  const result = {...sizes};
  const keys = Object.keys(base);
  for (const sum of keys) {
    for (const x of keys) {
      for (const y of keys) {
        if (x < y && x !== sum && y !== sum && base[x] + base[y] === base[sum]) {
          result[sum] = sizes[x] + sizes[y];
        }
      }
    }
  }
  return result;
}

// Ways to give `key` the size `size`, most specific first: alone; with sums
// kept; with every dim of the same base size (an input may demand it).
function* resized(base, key, size) {
  const alone = {...base, [key]: size};
  yield alone;
  yield keepSums(base, alone);
  yield Object.fromEntries(Object.entries(base).map(
      ([other, old]) => [other, old === base[key] ? size : old]));
}

function candidateSizes(base) {
  const all = [1, base + 1, Math.max(1, base >> 1), 2 * base];
  return [...new Set(all)].filter((size) => size !== base);
}

// ---- one comparison

// onnxruntime-node 1.30 aborts when it returns a 4-bit tensor.
const isUsable = (meta) => meta.isTensor && !/int4$/.test(meta.type);
const kindOf = (meta) => meta.isTensor ? `of type ${meta.type}` : 'no tensor';

function makeFeeds(inputs, side, sizes, seed, intEnd) {
  const feeds = {};
  for (const meta of inputs) {
    const spec = {...(side.inputs || {})[meta.name]};
    if (/mask/i.test(meta.name) && !Object.keys(spec).length) {
      spec.kind = 'ones';
    }
    const shape = spec.shape || meta.shape.map(
        (dim, axis) => sizes[dimKey(meta, axis)] ?? dim);
    feeds[meta.name] = randomTensor(meta, shape, spec, seed, intEnd);
  }
  return feeds;
}

function readFeeds(inputs, folder) {
  const feeds = {};
  inputs.forEach((meta, i) => {
    const file = path.join(folder, `input_${i}.pb`);
    if (fs.existsSync(file)) feeds[meta.name] = readTensor(file);
  });
  return feeds;
}

const isVacuous = (tensor) => !tensor || tensor.size === 0 ||
    (tensor.type.startsWith('float') && tensor.type !== 'float16' &&
     tensor.data.every(Number.isNaN));

class Pair {
  constructor(job, a) {
    this.job = job;
    this.a = a;
    this.b = null;
    this.compared = 0;
    this.notes = [];
    this.declined = [];
    this.inputs = a.inputMetadata;
    this.outputs = a.outputMetadata.filter(isUsable).map((m) => m.name);
  }

  requireUsable() {
    const odd = this.inputs.find((meta) => !isUsable(meta));
    if (odd) throw new Unchecked(`input ${odd.name} is ${kindOf(odd)}`);
    if (!this.outputs.length) {
      throw new Unchecked(`output is ${kindOf(this.a.outputMetadata[0])}`);
    }
  }

  async close() {
    await this.a.release();
    if (this.b) await this.b.release();
  }

  async openB() {
    emit({id: this.job.id, phase: 'b'});
    if (this.job.evaluator) {
      this.b = new EvaluatedSession(this.job.evaluator, this.job.a, this.a);
      return;
    }
    try {
      this.b = await open(this.job.b);
    } catch (error) {
      throw new Different(`does not load: ${oneLine(error)}`);
    }
    const face = (s) => JSON.stringify(
        [s.inputMetadata, s.outputMetadata.map((m) => [m.name, m.type])]);
    if (face(this.a) !== face(this.b)) {
      throw new Different(`interface ${face(this.b)} instead of ` +
                          face(this.a));
    }
  }

  // Runs both and compares. Returns null, or the reason why the original does
  // not run.
  async compare(feeds, at) {
    let wanted;
    emit({id: this.job.id, phase: 'a'});
    try {
      wanted = await this.a.run(feeds, this.outputs);
    } catch (error) {
      return oneLine(error);
    }
    let got;
    emit({id: this.job.id, phase: 'b'});
    try {
      got = await this.b.run(feeds, this.outputs);
    } catch (error) {
      if (error instanceof NotEvaluated) throw error;
      throw new Different(`${at}: does not run: ${oneLine(error)}`);
    }
    const problem = this.firstProblem(wanted, got);
    if (problem) {
      if (!await this.isRepeatable(feeds)) {
        throw new Unchecked('two runs of the original differ');
      }
      throw new Different(`${at}: ${problem}`);
    }
    ++this.compared;
    if (this.outputs.every((name) => isVacuous(wanted[name]))) {
      this.notes.push(`${at}: outputs are empty or all NaN`);
    }
    return null;
  }

  firstProblem(wanted, got) {
    for (const name of this.outputs) {
      if (!wanted[name]) continue;  // An optional without a value.
      const problem = got[name] ?
          difference(wanted[name], got[name], this.job.tolerance) : 'absent';
      if (problem) return `output ${name}: ${problem}`;
    }
    return null;
  }

  // In fresh sessions, as random operators continue from run to run.
  async isRepeatable(feeds) {
    const results = [];
    for (let i = 0; i < 2; ++i) {
      const session = await open(this.job.a);
      results.push(await session.run(feeds, this.outputs));
      await session.release();
    }
    return !this.firstProblem(...results);
  }

  // Finds sizes and an integer range at which the original runs.
  async compareBase(side) {
    let failure = null;
    const tried = new Set();
    for (const fallback of FALLBACK_SIZES) {
      const sizes = baseSizes(this.inputs, side, fallback);
      for (const intEnd of INT_ENDS) {
        const key = JSON.stringify([sizes, intEnd]);
        if (tried.has(key)) continue;
        tried.add(key);
        const reason = await this.compare(
            makeFeeds(this.inputs, side, sizes, this.job.seeds[0], intEnd),
            `sizes ${JSON.stringify(sizes)}`);
        if (reason === null) return {sizes, intEnd};
        failure = failure || reason;
      }
    }
    throw new Unchecked(`original fails: ${failure}`);
  }

  async compareSize(side, base, key, size) {
    let failure;
    try {
      for (const sizes of resized(base.sizes, key, size)) {
        failure = await this.compare(
            makeFeeds(this.inputs, side, sizes, this.job.seeds[0], base.intEnd),
            `sizes ${JSON.stringify(sizes)}`);
        if (failure === null) return true;
      }
      this.notes.push(`original fails at ${key}=${size}: ${failure}`);
    } catch (error) {
      if (!(error instanceof NotEvaluated)) throw error;
      this.declined.push({size: `${key}=${size}`, reason: oneLine(error)});
    }
    return false;
  }

  async compareRandom(side) {
    const base = await this.compareBase(side);
    for (const seed of this.job.seeds.slice(1)) {
      await this.compare(
          makeFeeds(this.inputs, side, base.sizes, seed, base.intEnd),
          `seed ${seed}`);
    }
    for (const key of Object.keys(base.sizes)) {
      let done = 0;
      for (const size of candidateSizes(base.sizes[key])) {
        if (done < this.job.sizes) {
          done += await this.compareSize(side, base, key, size);
        }
      }
      if (!done) this.notes.push(`${key} compared at one size only`);
    }
  }

  async compareStored() {
    const failure = await this.compare(
        readFeeds(this.inputs, this.job.data), 'stored inputs');
    if (failure) throw new Unchecked(`original fails: ${failure}`);
  }
}

async function openPair(job) {
  emit({id: job.id, phase: 'a'});
  let a;
  try {
    a = await open(job.a);
  } catch (error) {
    throw new Unchecked(`original does not load: ${oneLine(error)}`);
  }
  const pair = new Pair(job, a);
  try {
    await pair.openB();
  } catch (error) {
    await pair.close();
    throw error;
  }
  return pair;
}

async function comparePair(job, result) {
  let pair;
  try {
    pair = await openPair(job);
    pair.requireUsable();
    if (job.data) {
      await pair.compareStored();
    } else {
      await pair.compareRandom(
          job.side ? JSON.parse(fs.readFileSync(job.side, 'utf8')) : {});
    }
    result.status = 'equal';
  } catch (error) {
    result.status = error instanceof Different ? 'different' : 'unchecked';
    result.reason = oneLine(error);
  } finally {
    if (pair) {
      const {compared, notes, declined} = pair;
      Object.assign(result, {compared, notes, declined});
      await pair.close();
    }
  }
}

async function main() {
  for await (const line of readline.createInterface({input: process.stdin})) {
    const job = JSON.parse(line);
    const result = {id: job.id, compared: 0, notes: [], declined: []};
    await comparePair(job, result);
    emit(result);
  }
}

main();
