#include "cluster/agent/task_files.h"

#include <errno.h>
#include <unistd.h>

#include <utility>

#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::string_view kSuffix = ".json";
constexpr size_t kMaxTaskFile = size_t{4} << 20;

}  // namespace

Result<std::unique_ptr<TaskFiles>> TaskFiles::open(const std::string& directory) {
  IK_TRY(make_directories(directory, 0700));
  return std::unique_ptr<TaskFiles>(new TaskFiles(directory));
}

TaskFiles::TaskFiles(std::string directory)
    : directory_(std::move(directory)), thread_([this] { work(); }) {}

TaskFiles::~TaskFiles() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

std::string TaskFiles::path(const std::string& task) const {
  return fmt::format("{}/{}{}", directory_, task, kSuffix);
}

std::map<std::string, std::string> TaskFiles::load(
    const std::function<void(const Error&)>& on_error) const {
  std::map<std::string, std::string> contents;
  const Result<std::vector<std::string>> names = list_directory(directory_);
  if (!names.has_value()) {
    on_error(names.error());
    return contents;
  }
  for (const std::string& name : *names) {
    // Others are half-written ones of a killed agent.
    if (!name.ends_with(kSuffix)) continue;
    Result<std::string> text = read_file(directory_ + "/" + name, kMaxTaskFile);
    if (text.has_value()) {
      contents[name.substr(0, name.size() - kSuffix.size())] = std::move(*text);
    } else {
      on_error(text.error());
    }
  }
  return contents;
}

void TaskFiles::write(const std::string& task, std::string content, OnWritten then) {
  {
    const std::lock_guard lock(mutex_);
    Job& job = jobs_[task];
    job.content = std::move(content);
    if (then) job.waiting.push_back(std::move(then));
  }
  wake_.notify_one();
}

void TaskFiles::remove(const std::string& task) {
  {
    const std::lock_guard lock(mutex_);
    jobs_[task].content.reset();
  }
  wake_.notify_one();
}

Result<void> TaskFiles::carry_out(const std::string& task, const Job& job) const {
  if (job.content.has_value()) return write_file_atomically(path(task), *job.content, 0600);
  if (::unlink(path(task).c_str()) == 0 || errno == ENOENT) return {};
  return errno_error("unlink {}", path(task));
}

void TaskFiles::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return is_stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    auto first = jobs_.extract(jobs_.begin());
    lock.unlock();
    const Result<void> done = carry_out(first.key(), first.mapped());
    for (const OnWritten& each : first.mapped().waiting) each(done);
    lock.lock();
  }
}

}  // namespace ikada
