// The ids under which a container asks the agent about itself: 128 bits that nobody can guess and
// that need not be kept, because they follow from the host's own key and the task.
//
// Source: Amazon ECS Developer Guide, "Task metadata available for Amazon ECS tasks".
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cluster/model/task_definition.h"
#include "runtime/base/result.h"

namespace ikada {

inline constexpr const char* kEndpointAddress = "169.254.170.2";
inline constexpr std::uint16_t kEndpointPort = 80;

class EndpointIds {
 public:
  // Reads the key from the file, or makes it: 64 hexadecimal digits, 0600.
  static Result<EndpointIds> open(const std::string& path);

  explicit EndpointIds(std::string key) : key_(std::move(key)) {}

  std::string of_container(const std::string& task, const std::string& container) const;
  std::string of_credentials(const std::string& task) const;

  // What the agent adds to a container's environment.
  std::vector<std::pair<std::string, std::string>> environment(const std::string& task,
                                                               const TaskDefinition& definition,
                                                               const std::string& container) const;

 private:
  std::string make(const std::string& what) const;

  std::string key_;
};

}  // namespace ikada
