// SPDX-License-Identifier: Apache-2.0
#include "tools/signals.h"

#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

namespace onnxopt {
namespace {

// The only mutable global data of onnx-opt: a signal handler can see nothing
// else, and may neither allocate nor lock.
struct HandlerData {
  volatile sig_atomic_t has_temporary = 0;
  char temporary[PATH_MAX];
  char message[PATH_MAX + 200];
  size_t message_size = 0;
};
HandlerData handler_data;

void RemoveTemporary() {
  if (handler_data.has_temporary != 0) unlink(handler_data.temporary);
}

void OnBusError(int) {
  RemoveTemporary();
  [[maybe_unused]] const ssize_t written =
      write(STDERR_FILENO, handler_data.message, handler_data.message_size);
  _exit(1);
}

// The handler is gone when it runs (SA_RESETHAND), and the signal is delivered
// again when it returns.
void OnDeadlySignal(int signal) {
  RemoveTemporary();
  raise(signal);
}

bool IsIgnored(int signal) {
  struct sigaction action;
  return sigaction(signal, nullptr, &action) == 0 &&
         action.sa_handler == SIG_IGN;
}

void Install(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESETHAND;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

}  // namespace

void InstallSignalHandlers(const std::string& input) {
  constexpr std::string_view kReason =
      ": error: the file, or one with its weights, was cut short while it was "
      "read (SIGBUS); run again when nothing writes to it\n";
  const std::string message = input.substr(0, PATH_MAX) + std::string(kReason);
  handler_data.message_size = message.size();
  std::memcpy(handler_data.message, message.data(), message.size());
  Install(SIGBUS, OnBusError);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // nohup ignores SIGHUP, and it shall stay so.
    if (!IsIgnored(signal)) Install(signal, OnDeadlySignal);
  }
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

void SetTemporaryFile(const std::string& path) {
  handler_data.has_temporary = 0;
  if (path.empty() || path.size() >= sizeof(handler_data.temporary)) return;
  std::memcpy(handler_data.temporary, path.c_str(), path.size() + 1);
  handler_data.has_temporary = 1;
}

}  // namespace onnxopt
