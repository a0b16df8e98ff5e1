#include <algorithm>

#include "cluster/engine/oci_config.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

Json mount(const char* destination,
           const char* type,
           const char* source,
           std::vector<std::string> options) {
  return {{"destination", destination},
          {"type", type},
          {"source", source},
          {"options", std::move(options)}};
}

Json plan_root_overlay(const OciConfigInputs& inputs) {
  // overlayfs wants the topmost layer first.
  std::vector<std::string> lowers(inputs.layers.rbegin(), inputs.layers.rend());
  const std::string& id = inputs.record.id;
  std::vector<std::string> options = {"lowerdir=" + join(lowers, ":"),
                                      "upperdir=" + inputs.layout.container_file(id, "upper"),
                                      "workdir=" + inputs.layout.container_file(id, "work")};
  // Otherwise the kernel writes the whole file system to the disk when the container ends.
  if (inputs.record.spec.volatile_rootfs) options.emplace_back("volatile");
  return mount("/", "overlay", "overlay", std::move(options));
}

std::vector<Json> plan_system_mounts(const ContainerSpec& spec) {
  // A privileged container may write to /sys and its cgroups.
  const std::string access = spec.security.privileged ? "rw" : "ro";
  return {
      mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}),
      mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      mount("/dev/pts",
            "devpts",
            "devpts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
      mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", access}),
      mount("/sys/fs/cgroup", "cgroup", "cgroup", {access, "nosuid", "noexec", "nodev"}),
      mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
      mount("/dev/shm",
            "tmpfs",
            "shm",
            {"nosuid", "noexec", "nodev", "mode=1777", fmt::format("size={}", spec.shm_bytes)}),
  };
}

bool names_propagation(const std::vector<std::string>& options) {
  return std::any_of(options.begin(), options.end(), [](const std::string& each) {
    return each.ends_with("private") || each.ends_with("shared") || each.ends_with("slave");
  });
}

Json plan_bind(const MountSpec& wish, const std::string& source) {
  std::vector<std::string> options = {"rbind"};
  options.insert(options.end(), wish.options.begin(), wish.options.end());
  if (!names_propagation(wish.options)) options.emplace_back("rprivate");
  options.emplace_back(wish.read_only ? "ro" : "rw");
  return mount(wish.destination.c_str(), "bind", source.c_str(), std::move(options));
}

Json plan_own_mount(const MountSpec& wish, const EngineLayout& layout) {
  switch (wish.type) {
    case MountSpec::Type::kBind:
      return plan_bind(wish, wish.source);
    case MountSpec::Type::kVolume:
      return plan_bind(wish, fmt::format("{}/{}/_data", layout.volumes(), wish.source));
    case MountSpec::Type::kTmpfs:
      break;
  }
  std::vector<std::string> options = {"noexec", "nosuid", "nodev"};
  options.insert(options.end(), wish.options.begin(), wish.options.end());
  if (wish.read_only) options.emplace_back("ro");
  return mount(wish.destination.c_str(), "tmpfs", "tmpfs", std::move(options));
}

// Parents before what lies inside them, so that no mount hides a later one.
size_t depth(const MountSpec& wish) {
  return static_cast<size_t>(std::count(wish.destination.begin(), wish.destination.end(), '/'));
}

}  // namespace

Json plan_oci_mounts(const OciConfigInputs& inputs) {
  const ContainerSpec& spec = inputs.record.spec;
  const std::string& id = inputs.record.id;
  std::vector<Json> own = plan_system_mounts(spec);
  for (const char* file : {"resolv.conf", "hostname", "hosts"}) {
    own.push_back(mount(fmt::format("/etc/{}", file).c_str(),
                        "bind",
                        inputs.layout.container_file(id, file).c_str(),
                        {"bind", "rprivate"}));
  }
  Json mounts = Json::array({plan_root_overlay(inputs)});
  for (Json& each : own) {
    const bool replaced =
        std::any_of(spec.mounts.begin(), spec.mounts.end(), [&](const MountSpec& wish) {
          return each["destination"] == wish.destination;
        });
    if (!replaced) mounts.push_back(std::move(each));
  }
  std::vector<MountSpec> sorted = spec.mounts;
  std::stable_sort(sorted.begin(), sorted.end(), [](const MountSpec& a, const MountSpec& b) {
    return depth(a) < depth(b);
  });
  for (const MountSpec& wish : sorted) mounts.push_back(plan_own_mount(wish, inputs.layout));
  if (spec.init) {
    mounts.push_back(
        mount(kInitPath, "bind", inputs.runtime_program.c_str(), {"bind", "rprivate", "ro"}));
  }
  return mounts;
}

}  // namespace ikada
