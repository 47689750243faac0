#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Runs models in ONNX Runtime, its own optimizations off.
//
// Reads one {model, inputs} a line from standard input; answers each with one
// line {outputs}, or {reason} if ONNX Runtime refuses the model or its inputs.
'use strict';
const fs = require('fs');
const readline = require('readline');
const {TYPES, ort} = require('../differential/tensors.js');
const NUMBERS = Object.fromEntries(
    Object.entries(TYPES).map(([number, {name}]) => [name, Number(number)]));

const oneLine = (error) => String(error.message || error)
    .replace(/\s+/g, ' ').replace(/\/[^\s:'"]*\//g, '').slice(0, 300);

function decode({type, dims, data}) {
  if (!TYPES[type]) throw new Error(`no tensors of element type ${type}`);
  const {name, store} = TYPES[type];
  if (!store) return new ort.Tensor(name, data, dims);
  const bytes = new Uint8Array(Buffer.from(data, 'base64'));
  return new ort.Tensor(name, new store(bytes.buffer), dims);
}

function encode(tensor) {
  const {type, dims, data} = tensor;
  return {
    type: NUMBERS[type], dims,
    data: type === 'string' ? data :
        Buffer.from(data.buffer, data.byteOffset, data.byteLength)
            .toString('base64'),
  };
}

async function run(job) {
  let session;
  try {
    session = await ort.InferenceSession.create(
        Buffer.from(job.model, 'base64'), {
          executionProviders: ['cpu'], graphOptimizationLevel: 'disabled',
          intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4,
        });
    const feeds = {};
    for (const input of job.inputs) feeds[input.name] = decode(input);
    const results = await session.run(feeds);
    const outputs = {};
    for (const [name, tensor] of Object.entries(results)) {
      outputs[name] = encode(tensor);
    }
    return {outputs};
  } catch (error) {
    return {reason: oneLine(error)};
  } finally {
    if (session) await session.release();
  }
}

async function main() {
  for await (const line of readline.createInterface({input: process.stdin})) {
    fs.writeSync(1, JSON.stringify(await run(JSON.parse(line))) + '\n');
  }
}

main();
