// The small languages of docker's options: ports, volumes, mounts, limits.
//
// Each takes the whole text or refuses it in docker's words, with kInvalid. Pure, except that
// relative host paths are made absolute.
//
// Source: docker-run(1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/engine/container_spec.h"
#include "runtime/base/result.h"

namespace ikada {

// "80", "8080:80", "127.0.0.1:8080:80/udp", "127.0.0.1::80", "[::1]:80:80", "8000-8002:80-82".
Result<std::vector<PortSpec>> parse_publish(std::string_view text);

// "80", "80/udp", "8000-8010": one text per port.
Result<std::vector<std::string>> parse_expose(std::string_view text);

// "/data", "name:/data", "/host:/data:ro,z", "./here:/data".
Result<MountSpec> parse_volume(std::string_view text);

// "type=bind,source=/host,target=/data,readonly".
Result<MountSpec> parse_mount(std::string_view text);

// "/run", "/run:size=64m,mode=1777".
Result<MountSpec> parse_tmpfs(std::string_view text);

// "/dev/fuse", "/dev/sda:/dev/xvda:r".
Result<DeviceSpec> parse_device(std::string_view text);

// "nofile=1024", "nofile=1024:2048", "core=-1".
Result<UlimitSpec> parse_ulimit(std::string_view text);

// "1.5" as 1'500'000'000.
Result<std::uint64_t> parse_cpus(std::string_view text);

// "64m", or "-1" where -1 is allowed to mean unlimited.
Result<std::int64_t> parse_memory_swap(std::string_view text);

// "NAME=value", or "NAME", which takes the value from `environ` and is left out if that has none.
Result<std::vector<std::string>> parse_env(const std::vector<std::string>& assignments);

// The lines of an --env-file: assignments, comments, blank lines.
Result<std::vector<std::string>> parse_env_file(std::string_view text);

// "key=value" or "key".
std::pair<std::string, std::string> parse_key_value(std::string_view text);

// --security-opt: "no-new-privileges", "seccomp=unconfined", "seccomp=FILE", "apparmor=NAME",
// "label=…" (without meaning here), "systempaths=unconfined".
Result<void> apply_security_option(std::string_view text, SecuritySpec& security);

}  // namespace ikada
