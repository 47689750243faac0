// SPDX-License-Identifier: Apache-2.0
// Tensors for ONNX Runtime: read from files, made at random, compared.
'use strict';
const fs = require('fs');
const ort = require('onnxruntime-node');

// name: of the type in ONNX Runtime; store: of its elements; source: field of
// TensorProto that holds them when raw_data does not.
const TYPES = {
  1: {name: 'float32', store: Float32Array, source: 'floats'},
  2: {name: 'uint8', store: Uint8Array, source: 'int32s'},
  3: {name: 'int8', store: Int8Array, source: 'int32s'},
  4: {name: 'uint16', store: Uint16Array, source: 'int32s'},
  5: {name: 'int16', store: Int16Array, source: 'int32s'},
  6: {name: 'int32', store: Int32Array, source: 'int32s'},
  7: {name: 'int64', store: BigInt64Array, source: 'int64s'},
  8: {name: 'string', store: null, source: 'strings'},
  9: {name: 'bool', store: Uint8Array, source: 'int32s'},
  10: {name: 'float16', store: Uint16Array, source: 'int32s'},
  11: {name: 'float64', store: Float64Array, source: 'doubles'},
  12: {name: 'uint32', store: Uint32Array, source: 'uint64s'},
  13: {name: 'uint64', store: BigUint64Array, source: 'uint64s'},
  21: {name: 'uint4', store: Uint8Array, source: 'int32s'},
  22: {name: 'int4', store: Uint8Array, source: 'int32s'},
};
const STORE = Object.fromEntries(
    Object.values(TYPES).map((type) => [type.name, type.store]));
const isBig = (store) => store === BigInt64Array || store === BigUint64Array;

// ---- float16

function halfToNumber(half) {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const mantissa = half & 1023;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa ? NaN : sign * Infinity;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

// Rounds toward zero, subnormals to zero: good enough for random inputs.
function numberToHalf(value) {
  const magnitude = Math.abs(value);
  const sign = value < 0 ? 0x8000 : 0;
  if (!(magnitude >= 2 ** -14)) return sign;
  if (magnitude >= 65504) return sign | 0x7bff;
  const exponent = Math.floor(Math.log2(magnitude));
  const mantissa = Math.floor((magnitude / 2 ** exponent - 1) * 1024);
  return sign | ((exponent + 15) << 10) | mantissa;
}

// ---- reading TensorProto files

class WireReader {
  constructor(bytes) {
    this.bytes = bytes;
    this.pos = 0;
  }
  more() {
    return this.pos < this.bytes.length;
  }
  varint() {
    let result = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = this.bytes[this.pos++];
      result |= BigInt(byte & 127) << shift;
      if (byte < 128) return result;
    }
  }
  chunk(length) {
    this.pos += length;
    return this.bytes.subarray(this.pos - length, this.pos);
  }
}

function* varints(bytes) {
  const reader = new WireReader(bytes);
  while (reader.more()) yield reader.varint();
}

function* scalars(bytes, width) {
  for (let pos = 0; pos < bytes.length; pos += width) {
    yield width === 4 ? bytes.readFloatLE(pos) : bytes.readDoubleLE(pos);
  }
}

const int32 = (value) => Number(BigInt.asIntN(32, value));
const int64 = (value) => BigInt.asIntN(64, value);

function parseTensorProto(bytes) {
  const tensor = {dims: [], type: 0, raw: null, external: false, floats: [],
    int32s: [], int64s: [], uint64s: [], strings: [], doubles: []};
  const onVarint = {
    1: (value) => tensor.dims.push(Number(value)),
    2: (value) => tensor.type = Number(value),
    5: (value) => tensor.int32s.push(int32(value)),
    7: (value) => tensor.int64s.push(int64(value)),
    11: (value) => tensor.uint64s.push(value),
    14: (value) => tensor.external = value === 1n,
  };
  const onFixed = {4: (value) => tensor.floats.push(value),
    10: (value) => tensor.doubles.push(value)};
  const reader = new WireReader(bytes);
  while (reader.more()) {
    const tag = Number(reader.varint());
    const field = tag >> 3;
    const wire = tag & 7;
    if (wire === 0) {
      const value = reader.varint();
      if (field in onVarint) onVarint[field](value);
    } else if (wire === 1 || wire === 5) {
      const width = wire === 1 ? 8 : 4;
      const chunk = reader.chunk(width);
      if (field in onFixed) onFixed[field]([...scalars(chunk, width)][0]);
    } else if (wire === 2) {
      const chunk = reader.chunk(Number(reader.varint()));
      if (field === 6) tensor.strings.push(chunk.toString());
      else if (field === 9) tensor.raw = chunk;
      else if (field in onVarint) [...varints(chunk)].forEach(onVarint[field]);
      else if (field in onFixed) {
        for (const value of scalars(chunk, field === 4 ? 4 : 8)) {
          onFixed[field](value);
        }
      }
    } else {
      throw new Error(`wire type ${wire} in a TensorProto`);
    }
  }
  return tensor;
}

function readTensor(file) {
  const proto = parseTensorProto(fs.readFileSync(file));
  const type = TYPES[proto.type];
  if (!type || proto.external) {
    throw new Error(`stored input of element type ${proto.type}`);
  }
  let data;
  if (!type.store) data = proto.strings;
  else if (proto.raw) {
    data = new type.store(new Uint8Array(proto.raw).buffer);
  } else {
    const elements = proto[type.source];
    data = type.store.from(isBig(type.store) ? elements : elements.map(Number));
  }
  return new ort.Tensor(type.name, data, proto.dims);
}

// ---- random inputs

function hash(text) {
  let value = 2166136261;
  for (const c of text) value = Math.imul(value ^ c.charCodeAt(0), 16777619);
  return value >>> 0;
}

// Splitmix: a uniform number in [0, 1) at each call.
function uniformSource(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}

// Dark strokes on a light page: text detectors and recognizers answer white
// noise with nothing, and nothing is equal to nothing.
function blocks(shape, uniform, normal) {
  const [height, width] = shape.slice(-2);
  const cells = new Map();
  return (i) => {
    const x = i % width;
    const y = Math.floor(i / width) % height;
    const key = `${x >> 2},${y >> 2}`;
    if (!cells.has(key)) cells.set(key, uniform() < 0.5);
    const inside = y % 48 >= 12 && y % 48 < 36 && x > 16 && x < width - 16;
    const ink = inside && x % 20 < 14 && cells.get(key);
    return (ink ? -2 : 2) + 0.1 * normal();
  };
}

// Every other row of the last axis ends a quarter early, as padding does.
function mask(shape) {
  const length = shape[shape.length - 1];
  return (i) => {
    const padding = Math.floor(i / length) % 2 ? Math.floor(length / 4) : 0;
    return i % length < length - padding ? 1 : 0;
  };
}

// A function from element index to number. `spec` says what the model wants:
// {value | kind | min, max | scale}; `intEnd` bounds integers it says nothing
// of.
function generator(meta, shape, spec, uniform, intEnd) {
  const normal = () => Math.sqrt(-2 * Math.log(uniform() + 1e-12)) *
      Math.cos(2 * Math.PI * uniform());
  const {value, kind} = spec;
  if (Array.isArray(value)) return (i) => value[i % value.length];
  if (value !== undefined) return () => value;
  if (kind === 'ones') return () => 1;
  if (kind === 'zeros') return () => 0;
  if (kind === 'mask') return mask(shape);
  if (kind === 'blocks') return blocks(shape, uniform, normal);
  if (kind === 'uniform') return () => 2 * uniform() - 1;
  if (meta.type === 'bool') return () => Number(uniform() < 0.5);
  const integer = meta.type.includes('int');
  if (spec.min !== undefined || integer) {
    const {min = 0, max = intEnd} = spec;
    const draw = () => min + uniform() * (max - min);
    return integer ? () => Math.floor(draw()) : draw;
  }
  return () => normal() * (spec.scale || 1);
}

function randomTensor(meta, shape, spec, seed, intEnd) {
  const size = shape.reduce((product, dim) => product * dim, 1);
  const uniform = uniformSource(seed ^ hash(meta.name));
  const generate = generator(meta, shape, spec, uniform, intEnd);
  if (meta.type === 'string') {
    const strings = Array.from({length: size}, (_, i) => `s${i}`);
    return new ort.Tensor('string', strings, shape);
  }
  const store = STORE[meta.type];
  if (!store) throw new Error(`input ${meta.name} has type ${meta.type}`);
  const data = new store(/4$/.test(meta.type) && store === Uint8Array ?
      Math.ceil(size / 2) : size);
  for (let i = 0; i < data.length; ++i) {
    const number = generate(i);
    if (isBig(store)) data[i] = BigInt(Math.trunc(number));
    else data[i] = meta.type === 'float16' ? numberToHalf(number) : number;
  }
  return new ort.Tensor(meta.type, data, shape);
}

// ---- comparison

function floats(tensor) {
  if (tensor.type === 'float16' && tensor.data instanceof Uint16Array) {
    return Float32Array.from(tensor.data, halfToNumber);
  }
  return tensor.data;
}

// Index of the first element that differs too much, -1 if none.
function firstDifference(a, b, {rtol, atol, norm}) {
  let scale = 0;
  if (norm) {
    for (const x of a) {
      if (Math.abs(x) < Infinity) scale = Math.max(scale, Math.abs(x));
    }
  }
  for (let i = 0; i < a.length; ++i) {
    const x = a[i];
    const y = b[i];
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    const bound = atol + rtol * (norm ? scale : Math.abs(x));
    if (!(Math.abs(x - y) <= bound) || Math.abs(x) === Infinity) return i;
  }
  return -1;
}

// What is wrong with `b`, which should equal `a`; null if nothing.
function difference(a, b, tolerance) {
  if (a.type !== b.type) return `type ${b.type} instead of ${a.type}`;
  if (a.dims.join() !== b.dims.join()) {
    return `shape [${b.dims}] instead of [${a.dims}]`;
  }
  const isFloat = a.type.startsWith('float');
  const x = isFloat ? floats(a) : a.data;
  const y = isFloat ? floats(b) : b.data;
  const index = isFloat ? firstDifference(x, y, tolerance) :
      x.findIndex((value, i) => value !== y[i]);
  return index < 0 ? null : `${y[index]} instead of ${x[index]} at ${index}`;
}

module.exports = {TYPES, readTensor, randomTensor, difference, ort};
