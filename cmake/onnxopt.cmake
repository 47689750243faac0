# SPDX-License-Identifier: Apache-2.0
# How libraries and unit tests of this project are made.

# Of RegexFullMatch.
find_library(RE2_LIBRARY re2 REQUIRED)

# What every folder may use.
add_library(onnxopt_deps INTERFACE)
target_link_libraries(onnxopt_deps INTERFACE
  absl::status absl::statusor absl::strings absl::flat_hash_map
  absl::flat_hash_set absl::function_ref absl::hash fmt::fmt re2)

add_library(onnxopt_flags INTERFACE)
target_include_directories(onnxopt_flags INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
target_compile_options(onnxopt_flags INTERFACE
  -Wall -Wextra $<$<BOOL:${ONNXOPT_WERROR}>:-Werror>
  # GCC 12 sees overlaps in "literal" + std::string (its bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  # Results must not depend on the machine.
  -ffp-contract=off)
if(ONNXOPT_SANITIZE)
  target_compile_options(onnxopt_flags INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(onnxopt_flags INTERFACE -fsanitize=address,undefined)
endif()
if(ONNXOPT_BUILD_FUZZERS)
  target_compile_options(onnxopt_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(onnxopt_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# onnxopt_folder(NAME SOURCES...): the code of one folder, one layer. All
# folders together are the library onnxopt (see the main CMakeLists.txt); which
# folder may include which is checked by test/check_layers.py.
function(onnxopt_folder name)
  add_library(onnxopt_${name} OBJECT ${ARGN})
  target_link_libraries(onnxopt_${name}
    PRIVATE onnxopt_flags PUBLIC onnxopt_deps)
endfunction()

# onnxopt_test(NAME SOURCES ... [DEPS ...]): a GoogleTest program, linked with
# onnxopt. Needs no data, is quick, and runs under every preset.
function(onnxopt_test name)
  if(NOT ONNXOPT_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(${name} ${ARG_SOURCES})
  # GoogleTest's macros take most of the time to compile.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O0>)
  target_link_libraries(${name} PRIVATE
    onnxopt_flags onnxopt ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  add_test(NAME unit/${name} COMMAND ${name})
  set_tests_properties(unit/${name} PROPERTIES LABELS "quick")
endfunction()
