#include "cluster/engine/container_record.h"

#include "cluster/engine/spec_json.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/json.h"
#include "runtime/sys/file.h"

namespace ikada {

Result<void> save_record(const EngineLayout& layout, const ContainerRecord& record) {
  Json json = {
      {"id", record.id},
      {"name", record.name},
      {"created", record.created},
      {"image", record.image},
      {"image_id", record.image_id},
      {"spec", to_json(record.spec)},
      {"args", record.args},
      {"image_entrypoint", record.image_entrypoint},
      {"image_cmd", record.image_cmd},
      {"exposed", record.exposed},
      {"anonymous_volumes", record.anonymous_volumes},
  };
  // Not fsynced: after a power cut a container that was being made is found half-made and removed,
  // one that was made a few seconds ago is on disk by the kernel's own write-back.
  return write_file_atomically(layout.container_file(record.id, "record.json"),
                               json.dump(-1, ' ', false, Json::error_handler_t::replace),
                               0600,
                               Durability::kVolatile);
}

std::string log_path_of(const EngineLayout& layout, const ContainerRecord& record) {
  const std::string& elsewhere = record.spec.log_path;
  return elsewhere.empty() ? layout.container_file(record.id, "log") : elsewhere;
}

Result<ContainerRecord> load_record(const EngineLayout& layout, std::string_view id) {
  const std::string path = layout.container_file(id, "record.json");
  IK_LET(text, read_file(path));
  IK_LET(json, parse_json(text).context("{}", path));
  ContainerRecord record;
  JsonReader reader(json, path);
  reader.require("id", record.id);
  reader.require("name", record.name);
  reader.require("created", record.created);
  reader.require("image", record.image);
  reader.require("image_id", record.image_id);
  reader.read("args", record.args);
  reader.read("image_entrypoint", record.image_entrypoint);
  reader.read("image_cmd", record.image_cmd);
  reader.read("exposed", record.exposed);
  reader.read("anonymous_volumes", record.anonymous_volumes);
  if (!reader.has("spec")) reader.fail("spec", "missing");
  IK_TRY(reader.done());
  IK_LET(spec, parse_container_spec(json["spec"]).context("{}", path));
  record.spec = std::move(spec);
  return record;
}

}  // namespace ikada
