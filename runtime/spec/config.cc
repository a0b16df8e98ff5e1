#include "runtime/spec/config.h"

#include <sched.h>

#include <utility>

#include "runtime/spec/reading.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

void read_root(JsonReader& reader, OciConfig& config) {
  read_text(reader, "path", config.root_path);
  if (config.root_path.empty()) reader.fail("path", "missing");
  reader.read("readonly", config.root_readonly);
}

void read_mounts(JsonReader& reader, std::vector<OciMount>& mounts) {
  for (JsonReader& each : reader.objects("mounts")) {
    OciMount& mount = mounts.emplace_back();
    read_text(each, "destination", mount.destination);
    if (mount.destination.empty()) each.fail("destination", "missing");
    // Until runtime-spec 1.0.2 some engines wrote it without the slash.
    if (!mount.destination.starts_with('/')) mount.destination.insert(0, 1, '/');
    read_text(each, "type", mount.type);
    read_text(each, "source", mount.source);
    read_texts(each, "options", mount.options);
    for (const char* key : {"uidMappings", "gidMappings"}) {
      if (each.has(key)) each.fail(key, "not supported");
    }
  }
}

void read_hooks(JsonReader& reader, std::string_view key, std::vector<OciHook>& hooks) {
  for (JsonReader& each : reader.objects(key)) {
    OciHook& hook = hooks.emplace_back();
    if (!each.has("path")) each.fail("path", "missing");
    read_absolute_path(each, "path", hook.path);
    read_texts(each, "args", hook.args);
    read_texts(each, "env", hook.env);
    each.read("timeout", hook.timeout_s);
    if (each.has("timeout") && hook.timeout_s == 0) each.fail("timeout", "number out of range");
    if (hook.args.empty()) hook.args.push_back(hook.path);
  }
}

void read_all_hooks(JsonReader& reader, OciHooks& hooks) {
  read_hooks(reader, "prestart", hooks.create_runtime);
  read_hooks(reader, "createRuntime", hooks.create_runtime);
  read_hooks(reader, "createContainer", hooks.create_container);
  read_hooks(reader, "startContainer", hooks.start_container);
  read_hooks(reader, "poststart", hooks.poststart);
  read_hooks(reader, "poststop", hooks.poststop);
}

void check_version(JsonReader& reader) {
  std::string version;
  reader.require("ociVersion", version);
  if (!version.starts_with("1.")) reader.fail("ociVersion", "unsupported version: " + version);
}

// Names that need a namespace of the container's own, because the host's would be changed.
void check_names(JsonReader& reader, const OciConfig& config) {
  constexpr size_t kMaxName = 64;  // sethostname(2)
  const bool has_uts = config.linux_part.find_namespace(CLONE_NEWUTS) != nullptr;
  for (const auto& [key, name] :
       {std::pair{"hostname", &config.hostname}, std::pair{"domainname", &config.domainname}}) {
    if (name->size() > kMaxName) reader.fail(key, "longer than 64 bytes");
    if (!name->empty() && !has_uts) reader.fail(key, "needs a uts namespace");
  }
}

void check_namespaces(JsonReader& reader, const OciLinux& linux_part) {
  if (linux_part.find_namespace(CLONE_NEWNS) == nullptr) {
    reader.fail("linux.namespaces", "a mount namespace is needed");
  }
  const bool has_mappings = !linux_part.uid_mappings.empty() || !linux_part.gid_mappings.empty();
  if (linux_part.has_new_namespace(CLONE_NEWUSER)) {
    if (linux_part.uid_mappings.empty()) reader.fail("linux.uidMappings", "missing");
    if (linux_part.gid_mappings.empty()) reader.fail("linux.gidMappings", "missing");
  } else if (has_mappings && linux_part.find_namespace(CLONE_NEWUSER) == nullptr) {
    reader.fail("linux.uidMappings", "needs a user namespace");
  }
  if (!linux_part.time_offsets.empty() && !linux_part.has_new_namespace(CLONE_NEWTIME)) {
    reader.fail("linux.timeOffsets", "needs a new time namespace");
  }
}

// Moves OBJECT.NAME out of `json`; null if there is no such thing.
Json take_member(Json& json, const char* object, const char* name) {
  if (!json.is_object()) return {};
  const auto outer = json.find(object);
  if (outer == json.end() || !outer->is_object()) return {};
  const auto inner = outer->find(name);
  return inner == outer->end() ? Json() : std::move(*inner);
}

}  // namespace

Result<OciConfig> parse_oci_config(const Json& json) {
  OciConfig config;
  JsonReader reader(json, "config.json");
  check_version(reader);
  if (!reader.has("process")) reader.fail("process", "missing");
  if (!reader.has("root")) reader.fail("root", "missing");
  if (!reader.has("linux")) reader.fail("linux", "missing");
  JsonReader process = reader.object("process");
  read_process(process, config.process);
  JsonReader root = reader.object("root");
  read_root(root, config);
  read_text(reader, "hostname", config.hostname);
  read_text(reader, "domainname", config.domainname);
  read_mounts(reader, config.mounts);
  JsonReader hooks = reader.object("hooks");
  read_all_hooks(hooks, config.hooks);
  JsonReader linux_part = reader.object("linux");
  read_linux(linux_part, config.linux_part);
  reader.read("annotations", config.annotations);
  check_names(reader, config);
  check_namespaces(reader, config.linux_part);
  IK_TRY(reader.done());
  return config;
}

Result<OciConfig> load_oci_config(const std::string& bundle) {
  const std::string path = bundle + "/config.json";
  IK_LET(text, read_file(path));
  IK_LET(json, parse_json(text).context("{}", path));
  // Most of a config is the seccomp profile, which is used as it is.
  Json seccomp = take_member(json, "linux", "seccomp");
  IK_LET(config, parse_oci_config(json));
  config.linux_part.seccomp = std::move(seccomp);
  return config;
}

}  // namespace ikada
