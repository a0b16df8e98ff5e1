// Engine: from a wish to a container on disk.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>

#include "cluster/engine/available_capabilities.h"
#include "cluster/engine/container_names.h"
#include "cluster/engine/engine.h"
#include "cluster/engine/host_device.h"
#include "cluster/engine/image_files.h"
#include "cluster/engine/oci_config.h"
#include "cluster/engine/record_plan.h"
#include "cluster/engine/user.h"
#include "cluster/engine/volumes.h"
#include "image/store.h"
#include "runtime/base/random_id.h"
#include "runtime/base/rollback.h"
#include "runtime/base/text.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// The overlay's root looks like its upper directory, so that takes mode and owner of the topmost
// layer's root.
Result<void> make_upper(const std::string& path, const std::vector<std::string>& layers) {
  if (::mkdir(path.c_str(), 0755) != 0) return errno_error("mkdir {}", path);
  struct stat top {};
  if (layers.empty() || ::stat(layers.back().c_str(), &top) != 0) return {};
  if (::chmod(path.c_str(), top.st_mode & 07777) != 0) return errno_error("chmod {}", path);
  if (::chown(path.c_str(), top.st_uid, top.st_gid) != 0) return errno_error("chown {}", path);
  return {};
}

// The image's layers; for an image of nothing an empty directory, because overlayfs wants one.
std::vector<std::string> lower_directories(const EngineLayout& layout,
                                           const ContainerRecord& record,
                                           const EngineImage& image) {
  if (!image.layers.empty()) return image.layers;
  return {layout.container_file(record.id, "lower")};
}

bool has_pids_controller() {
  const Result<std::string> mount = find_cgroup2_mount();
  if (!mount.has_value()) return false;
  const Result<std::string> text = read_file(*mount + "/cgroup.controllers", 4096);
  if (!text.has_value()) return false;
  for (const std::string_view each : split(trim(*text), ' ')) {
    if (each == "pids") return true;
  }
  return false;
}

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return ::gethostname(name, sizeof(name) - 1) == 0 ? name : "localhost";
}

Result<void> check_bind_sources(const ContainerSpec& spec) {
  for (const MountSpec& each : spec.mounts) {
    if (each.type != MountSpec::Type::kBind) continue;
    if (::access(each.source.c_str(), F_OK) == 0) continue;
    if (!each.make_source) {
      return make_error(
          ErrorKind::kInvalid,
          "invalid mount config for type \"bind\": bind source path does not exist: {}",
          each.source);
    }
    IK_TRY(make_directories(each.source, 0755));
  }
  return {};
}

}  // namespace

Result<Engine> Engine::open(EngineOptions options) {
  Engine engine(std::move(options));
  IK_TRY(engine.layout().prepare());
  engine.recover();
  return engine;
}

Result<NewContainer> Engine::create(const ContainerSpec& spec, const EngineImage& image) {
  IK_LET(record,
         plan_record(spec,
                     image.config,
                     {.id = random_hex(32),
                      .created = unix_now(),
                      .image_id = image.id,
                      .image_name = image.name}));
  if (record.spec.hostname.empty()) {
    record.spec.hostname =
        spec.network.mode == "host" || spec.uts_mode == "host" ? host_name() : record.short_id();
  }
  IK_LET(mark, ActiveMark::acquire(layout(), record.id));
  IK_TRY(mark.set_phase(ActivePhase::kCreating));
  Rollback undo;
  undo.add([&] {
    Result<void> removed = remove_everything(record.id, true);
    release_name(layout(), record.name, record.id);
    mark.remove();
    return removed;
  });
  IK_TRY(make_directories_of(record, image));
  if (record.name.empty()) {
    IK_LET(name, reserve_random_name(layout(), record.id));
    record.name = std::move(name);
  } else {
    IK_TRY(reserve_name(layout(), record.name, record.id));
  }
  IK_TRY(save_record(layout(), record));
  IK_TRY(check_bind_sources(record.spec));
  IK_TRY(write_config(record, image));
  IK_TRY(make_volumes(record, image));
  undo.commit();
  return NewContainer{std::move(record), std::move(mark)};
}

Result<void> Engine::make_directories_of(const ContainerRecord& record, const EngineImage& image) {
  const std::string directory = layout().container(record.id);
  if (::mkdir(directory.c_str(), 0700) != 0) return errno_error("mkdir {}", directory);
  if (!image.manifest_digest.empty()) {
    // From here on the layers stay until the directory goes.
    IK_LET(store, ImageStore::open(layout().root));
    IK_TRY(store.hold({.id = image.id, .manifest_digest = image.manifest_digest}, record.id));
  }
  IK_TRY(make_upper(directory + "/upper", image.layers));
  std::vector<std::string> paths = {directory + "/work", directory + "/rootfs"};
  if (image.layers.empty()) paths.push_back(lower_directories(layout(), record, image).front());
  for (const std::string& path : paths) {
    if (::mkdir(path.c_str(), 0700) != 0) return errno_error("mkdir {}", path);
  }
  return {};
}

Result<void> Engine::make_volumes(const ContainerRecord& record, const EngineImage& image) {
  ImageFiles files(lower_directories(layout(), record, image));
  for (const MountSpec& each : record.spec.mounts) {
    if (each.type != MountSpec::Type::kVolume) continue;
    IK_LET(is_new,
           prepare_volume(layout(),
                          {.name = each.source,
                           .destination = each.destination,
                           .copy = !each.no_copy,
                           .anonymous = std::find(record.anonymous_volumes.begin(),
                                                  record.anonymous_volumes.end(),
                                                  each.source) != record.anonymous_volumes.end()},
                          files)
               .context("volume {}", each.source));
    static_cast<void>(is_new);
  }
  return {};
}

Result<void> Engine::write_config(const ContainerRecord& record, const EngineImage& image) {
  ImageFiles files(lower_directories(layout(), record, image));
  IK_LET(passwd, files.read("/etc/passwd", kMaxAccountFile));
  IK_LET(group, files.read("/etc/group", kMaxAccountFile));
  IK_LET(user, resolve_user(record.spec.user, record.spec.group_add, passwd, group));
  IK_LET(devices, find_host_devices(record.spec));
  const OciConfigInputs inputs{
      .record = record,
      .layout = layout(),
      .user = std::move(user),
      .layers = lower_directories(layout(), record, image),
      .devices = std::move(devices),
      .runtime_program = options_.runtime_program,
      .hostname = record.spec.hostname,
      .available_capabilities = wants_all_capabilities(record.spec.security)
                                    ? find_available_capabilities()
                                    : std::vector<std::string>(),
      .has_pids_controller = record.spec.resources.pids.has_value() || has_pids_controller(),
      .has_ipv6 = ::access("/proc/sys/net/ipv6", F_OK) == 0,
  };
  IK_LET(config, plan_oci_config(inputs));
  const std::string path = layout().container_file(record.id, "config.json");
  IK_LET(fd, open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  return write_all(fd.get(), config.dump(-1, ' ', false, Json::error_handler_t::replace))
      .context("{}", path);
}

void Engine::discard(NewContainer& container) {
  release_runtime(container.record);
  static_cast<void>(remove_everything(container.record.id, true).has_value());
  release_name(layout(), container.record.name, container.record.id);
  container.mark.remove();
}

}  // namespace ikada
