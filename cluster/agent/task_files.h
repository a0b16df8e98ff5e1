// The agent's memory: one file for each task, STATE/tasks/ID.json, replaced whole.
//
//   {"scope": {"account": "…", "region": "…"}, "definition": the model's TaskDefinition with the
//    task's overrides in place, "machine": task_machine_keep.cc's, "sequence": 7, "acknowledged":
//    6}
//
// `sequence` counts what the agent had to tell of the task, `acknowledged` is the last that was
// heard. Files are written on a thread of their own, the newest content of each only; what came
// between need not be kept, because each content is whole.
//
// Source: runtime/base/atomic_file.h.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cluster/agent/task_memory.h"

namespace ikada {

class TaskFiles final : public TaskMemory {
 public:
  // Makes the directory.
  static Result<std::unique_ptr<TaskFiles>> open(const std::string& directory);
  ~TaskFiles() override;  // Writes what waits.
  TaskFiles(const TaskFiles&) = delete;
  TaskFiles& operator=(const TaskFiles&) = delete;

  // The contents of all files, by task. A file that cannot be read is told to `on_error`.
  std::map<std::string, std::string> load(
      const std::function<void(const Error&)>& on_error) const override;

  // `then` is called on the files' thread when this content or a newer one is on the disk.
  void write(const std::string& task, std::string content, OnWritten then) override;

  // Removes the task's file, after what waits to be written.
  void remove(const std::string& task) override;

 private:
  struct Job {
    std::optional<std::string> content;  // Nothing: remove.
    std::vector<OnWritten> waiting;
  };

  explicit TaskFiles(std::string directory);
  void work();
  Result<void> carry_out(const std::string& task, const Job& job) const;
  std::string path(const std::string& task) const;

  std::string directory_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::string, Job> jobs_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace ikada
