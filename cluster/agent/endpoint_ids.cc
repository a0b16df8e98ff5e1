#include "cluster/agent/endpoint_ids.h"

#include "image/digest.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/random_id.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kIdDigits = 32;

}  // namespace

Result<EndpointIds> EndpointIds::open(const std::string& path) {
  const Result<std::string> text = read_file(path, 4096);
  if (text.has_value() && trim(*text).size() == 2 * kKeyBytes) {
    return EndpointIds(std::string(trim(*text)));
  }
  if (text.has_value()) return make_error(ErrorKind::kInvalid, "{}: not a key", path);
  if (text.error().kind != ErrorKind::kNotFound) return text.error();
  std::string key = random_hex(kKeyBytes);
  IK_TRY(write_file_atomically(path, key + "\n", 0600));
  return EndpointIds(std::move(key));
}

// Twice, so that no id tells anything about a longer text that begins alike.
std::string EndpointIds::make(const std::string& what) const {
  const std::string inner(Digest::of(key_ + what).hex());
  return std::string(Digest::of(key_ + inner).hex().substr(0, kIdDigits));
}

std::string EndpointIds::of_container(const std::string& task, const std::string& container) const {
  return make(fmt::format("container/{}/{}", task, container));
}

std::string EndpointIds::of_credentials(const std::string& task) const {
  return make(fmt::format("credentials/{}", task));
}

std::vector<std::pair<std::string, std::string>> EndpointIds::environment(
    const std::string& task, const TaskDefinition& definition, const std::string& container) const {
  const std::string id = of_container(task, container);
  const std::string base = fmt::format("http://{}", kEndpointAddress);
  std::vector<std::pair<std::string, std::string>> variables = {
      {"ECS_CONTAINER_METADATA_URI", base + "/v3/" + id},
      {"ECS_CONTAINER_METADATA_URI_V4", base + "/v4/" + id},
      {"ECS_AGENT_URI", base + "/api/" + id}};
  if (!definition.task_role_arn.value_or("").empty()) {
    variables.emplace_back("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                           "/v2/credentials/" + of_credentials(task));
  }
  return variables;
}

}  // namespace ikada
