# SPDX-License-Identifier: Apache-2.0
# `cmake --install`: the tools, the libraries with their headers, and what
# find_package(onnxopt) needs.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(ONNXOPT_INSTALL_INCLUDEDIR ${CMAKE_INSTALL_INCLUDEDIR}/onnxopt)
set(ONNXOPT_INSTALL_CMAKEDIR ${CMAKE_INSTALL_LIBDIR}/cmake/onnxopt)

target_include_directories(onnxopt
  INTERFACE $<INSTALL_INTERFACE:${ONNXOPT_INSTALL_INCLUDEDIR}>)
target_compile_features(onnxopt PUBLIC cxx_std_20)

install(TARGETS onnx-opt onnx-run onnx-diff RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS onnxopt onnxopt_deps
  EXPORT onnxoptTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT onnxoptTargets
  NAMESPACE onnxopt::
  DESTINATION ${ONNXOPT_INSTALL_CMAKEDIR})

# A file of its own: only those who use the bridge need libonnx and protobuf.
if(ONNXOPT_ONNX_BRIDGE)
  install(TARGETS onnxopt_onnx
    EXPORT onnxoptOnnxTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT onnxoptOnnxTargets
    NAMESPACE onnxopt::
    DESTINATION ${ONNXOPT_INSTALL_CMAKEDIR})
  install(FILES frontend/onnx/bridge.h frontend/onnx/checker.h
    DESTINATION ${ONNXOPT_INSTALL_INCLUDEDIR}/frontend/onnx)
endif()

# Headers keep their folders: they include each other as "ir/graph.h".
install(DIRECTORY eval ir passes support
  DESTINATION ${ONNXOPT_INSTALL_INCLUDEDIR}
  FILES_MATCHING
  PATTERN "*.h"
  PATTERN "op_names.inc"
  # For tests.
  PATTERN "kernel_testing.h" EXCLUDE
  PATTERN "status_matchers.h" EXCLUDE
  PATTERN "test_files.h" EXCLUDE
  PATTERN "testing.h" EXCLUDE
  # For the implementation.
  PATTERN "graph_editor.h" EXCLUDE
  PATTERN "op_table.h" EXCLUDE
  PATTERN "type_sets.h" EXCLUDE)
install(FILES
  frontend/reader.h
  frontend/text_parser.h
  frontend/text_printer.h
  frontend/wire_writer.h
  frontend/writer.h
  DESTINATION ${ONNXOPT_INSTALL_INCLUDEDIR}/frontend)

configure_package_config_file(cmake/onnxoptConfig.cmake.in
  ${PROJECT_BINARY_DIR}/onnxoptConfig.cmake
  INSTALL_DESTINATION ${ONNXOPT_INSTALL_CMAKEDIR})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/onnxoptConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/onnxoptConfig.cmake
  ${PROJECT_BINARY_DIR}/onnxoptConfigVersion.cmake
  DESTINATION ${ONNXOPT_INSTALL_CMAKEDIR})
