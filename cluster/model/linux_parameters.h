// What a container definition says about Linux: capabilities, devices, tmpfs, swap, resource
// limits.
//
// Source: Amazon ECS API Reference, LinuxParameters, Ulimit.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/model/json_fields.h"

namespace ikada {

template <typename T>
using OptionalList = std::optional<std::vector<T>>;
using StringMap = std::map<std::string, std::string>;

struct KernelCapabilities {
  OptionalList<std::string> add = {};
  OptionalList<std::string> drop = {};
};
void describe(JsonFields& fields, KernelCapabilities& capabilities);

struct Device {
  std::string host_path = {};
  std::optional<std::string> container_path = {};
  OptionalList<std::string> permissions = {};
};
void describe(JsonFields& fields, Device& device);

struct Tmpfs {
  std::string container_path = {};
  std::int32_t size_mib = 0;
  OptionalList<std::string> mount_options = {};
};
void describe(JsonFields& fields, Tmpfs& tmpfs);

struct LinuxParameters {
  std::optional<KernelCapabilities> capabilities = {};
  OptionalList<Device> devices = {};
  std::optional<bool> init_process_enabled = {};
  std::optional<std::int32_t> shared_memory_size_mib = {};
  OptionalList<Tmpfs> tmpfs = {};
  std::optional<std::int32_t> max_swap_mib = {};
  std::optional<std::int32_t> swappiness = {};
};
void describe(JsonFields& fields, LinuxParameters& parameters);

struct Ulimit {
  std::string name = {};
  std::int32_t soft_limit = 0;
  std::int32_t hard_limit = 0;
};
void describe(JsonFields& fields, Ulimit& limit);

}  // namespace ikada
