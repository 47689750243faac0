// SPDX-License-Identifier: Apache-2.0
// Doc strings, metadata and uninterpreted fields of any message.
#ifndef ONNXOPT_FRONTEND_ANNOTATIONS_WIRE_H_
#define ONNXOPT_FRONTEND_ANNOTATIONS_WIRE_H_

#include <string_view>

#include "frontend/wire_reader.h"
#include "frontend/wire_writer.h"
#include "ir/annotations.h"
#include "ir/model.h"

namespace onnxopt {

/// Gathers the Annotations of a message while its fields are walked.
class AnnotationsReader {
 public:
  AnnotationsReader(int doc_field, int metadata_field)
      : doc_field_(doc_field), metadata_field_(metadata_field) {}

  /// Takes the field the reader is at: the doc string, a metadata entry, or
  /// else a field to keep verbatim.
  void Take(const WireReader& reader);
  /// Keeps a field verbatim.
  void Keep(const WireReader& reader) { raw_.Add(reader.raw()); }
  /// A string field: its contents, or, if it is empty, "" and the field is
  /// kept verbatim so that writing it again is not forgotten.
  std::string_view String(const WireReader& reader);

  Annotations Finish(Model* model);

 private:
  int doc_field_;
  int metadata_field_;
  Annotations annotations_;
  RawFields raw_;
};

/// Writes `annotations`, uninterpreted fields first: if a later change gives
/// one of them a value, that value comes last and counts.
void WriteAnnotations(const Annotations& annotations, int doc_field,
                      int metadata_field, WireWriter* out);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_ANNOTATIONS_WIRE_H_
