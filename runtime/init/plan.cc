#include "runtime/init/plan.h"

#include "runtime/base/text.h"

namespace ikada {

ExecStrings::ExecStrings(std::vector<std::string> strings) : strings_(std::move(strings)) {
  pointers_.clear();
  pointers_.reserve(strings_.size() + 1);
  for (std::string& each : strings_) pointers_.push_back(each.data());
  pointers_.push_back(nullptr);
}

std::vector<std::string> find_candidates(const OciProcess& process) {
  const std::string& name = process.args.front();
  if (name.find('/') != std::string::npos) return {name};
  std::string_view path;
  for (const std::string& each : process.env) {
    if (each.starts_with("PATH=")) path = std::string_view(each).substr(5);
  }
  std::vector<std::string> candidates;
  if (name.empty() || path.empty()) return candidates;
  for (const std::string_view directory : split(path, ':')) {
    // execvp(3): an empty part means the current directory.
    candidates.push_back(directory.empty() ? "./" + name : fmt::format("{}/{}", directory, name));
  }
  return candidates;
}

}  // namespace ikada
