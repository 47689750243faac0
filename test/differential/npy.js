// SPDX-License-Identifier: Apache-2.0
// Tensors in NumPy's .npy format, version 1.
'use strict';
const fs = require('fs');
const ort = require('onnxruntime-node');
const {TYPES} = require('./tensors.js');

const DESCRS = {
  float16: '<f2', float32: '<f4', float64: '<f8', bool: '|b1',
  int8: '|i1', int16: '<i2', int32: '<i4', int64: '<i8',
  uint8: '|u1', uint16: '<u2', uint32: '<u4', uint64: '<u8',
};
const PREFIX_BYTES = 10;  // magic, version, length of the header

function writeNpy(file, tensor) {
  const descr = DESCRS[tensor.type];
  if (!descr) throw new Error(`NumPy has no type ${tensor.type}`);
  const dims = tensor.dims.map((dim) => `${dim},`).join('');
  const text =
      `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`;
  const length = Math.ceil((PREFIX_BYTES + text.length + 1) / 64) * 64;
  const header = Buffer.alloc(length, ' ');
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(length - PREFIX_BYTES, 8);
  header.write(text, PREFIX_BYTES);
  header.write('\n', length - 1);
  const {buffer, byteOffset, byteLength} = tensor.data;
  fs.writeFileSync(
      file, Buffer.concat([header, Buffer.from(buffer, byteOffset, byteLength)]));
}

function readNpy(file) {
  const bytes = fs.readFileSync(file);
  const end = PREFIX_BYTES + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', PREFIX_BYTES, end);
  const [, descr, shape] = header.match(
      /'descr': '([^']*)', 'fortran_order': False, 'shape': \(([^)]*)\)/);
  const type = Object.keys(DESCRS).find((name) => DESCRS[name] === descr);
  const {store} = Object.values(TYPES).find(({name}) => name === type);
  const dims = shape.split(',').filter((dim) => dim.trim()).map(Number);
  return new ort.Tensor(
      type, new store(new Uint8Array(bytes.subarray(end)).buffer), dims);
}

module.exports = {readNpy, writeNpy};
