#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Runs cases of operator_cases in ONNX Runtime, its own optimizations off.
//
// Reads one case a line from standard input and answers each with one line
// {"status", "reason"}: `equal`; `different`; `not run`, when ONNX Runtime
// refuses the model or its inputs.
'use strict';
const fs = require('fs');
const readline = require('readline');
const {TYPES, difference, ort} = require('../differential/tensors.js');
const TOLERANCES = require('./tolerances.json');

const oneLine = (error) => String(error.message || error)
    .replace(/\s+/g, ' ').replace(/\/[^\s:'"]*\//g, '').slice(0, 300);

// {type, dims, data} as in ort.Tensor.
function decode({type, dims, data}) {
  const {name, store} = TYPES[type];
  if (!store) return {type: name, dims, data};
  const bytes = new Uint8Array(Buffer.from(data, 'base64'));
  return {type: name, dims, data: new store(bytes.buffer)};
}

function toleranceFor(type, agreement) {
  const row = TOLERANCES.find(
      (t) => t.type === type && t.agreement.includes(agreement));
  return row || {rtol: 0, atol: 0, norm: false};
}

async function runCase(job) {
  let session;
  let results;
  try {
    session = await ort.InferenceSession.create(
        Buffer.from(job.model, 'base64'), {
          executionProviders: ['cpu'], graphOptimizationLevel: 'disabled',
          intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4,
        });
    const feeds = {};
    for (const input of job.inputs) {
      const {type, dims, data} = decode(input);
      feeds[input.name] = new ort.Tensor(type, data, dims);
    }
    results = await session.run(feeds);
  } catch (error) {
    return {status: 'not run', reason: oneLine(error)};
  } finally {
    if (session) await session.release();
  }
  for (const [i, output] of job.outputs.entries()) {
    const ours = decode(output);
    const problem = difference(ours, results[output.name],
                               toleranceFor(ours.type, job.agreement));
    if (problem) {
      return {status: 'different', reason: `output ${i} is ${problem}`};
    }
  }
  return {status: 'equal', reason: ''};
}

async function main() {
  for await (const line of readline.createInterface({input: process.stdin})) {
    fs.writeSync(1, JSON.stringify(await runCase(JSON.parse(line))) + '\n');
  }
}

main();
