// Where the runner keeps its tasks: a text for each, replaced whole. task_files.h is the disk's.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "runtime/base/result.h"

namespace ikada {

class TaskMemory {
 public:
  using OnWritten = std::function<void(const Result<void>&)>;

  virtual ~TaskMemory() = default;

  // All contents, by task. One that cannot be read is told to `on_error`.
  virtual std::map<std::string, std::string> load(
      const std::function<void(const Error&)>& on_error) const = 0;

  // `then` is called, on any thread, when this content or a newer one is durable.
  virtual void write(const std::string& task, std::string content, OnWritten then) = 0;

  // Forgets the task, after what waits to be written.
  virtual void remove(const std::string& task) = 0;
};

}  // namespace ikada
