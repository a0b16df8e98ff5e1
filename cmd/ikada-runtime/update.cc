#include <unistd.h>

#include "cmd/ikada-runtime/commands.h"
#include "cmd/ikada-runtime/update_options.h"
#include "runtime/container/create.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxResourcesBytes = size_t{4} << 20;

Result<Json> read_resources(const std::string& file) {
  if (file.empty()) return Json();
  IK_LET(text,
         file == "-" ? read_fd(STDIN_FILENO, kMaxResourcesBytes)
                     : read_file(file, kMaxResourcesBytes));
  return parse_json(text).context("{}", file);
}

}  // namespace

Result<int> update_command(const RuntimeContext& context, Words words) {
  UpdateWords update;
  IK_LET(arguments, parse_all(words, update.table()));
  IK_LET(id, single_id(arguments));
  IK_LET(file, read_resources(update.resources_file));
  IK_LET(json, plan_update(update, file));
  IK_LET(resources, parse_resources(json));
  Result<void> updated = update_container(context.state_root, id, resources);
  if (!updated.has_value()) return name_container(std::move(updated.error()), id);
  return 0;
}

}  // namespace ikada
