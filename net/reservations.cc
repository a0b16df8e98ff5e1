#include "net/reservations.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/base/number.h"
#include "runtime/base/random_id.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {

namespace {

// The target of a link, or nullopt if there is no link.
Result<std::optional<std::string>> read_link(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
  if (size >= 0) return std::optional(std::string(target, static_cast<size_t>(size)));
  if (errno == ENOENT || errno == EINVAL) return std::optional<std::string>();
  return errno_error("readlink {}", path);
}

// True if the link was made, false if the name is taken.
Result<bool> make_link(const std::string& target, const std::string& path) {
  if (::symlink(target.c_str(), path.c_str()) == 0) return true;
  if (errno == EEXIST) return false;
  return errno_error("symlink {}", path);
}

Result<void> replace_link(const std::string& target, const std::string& path) {
  const std::string fresh = path + "." + random_hex(8);
  IK_TRY([&]() -> Result<void> {
    IK_LET(made, make_link(target, fresh));
    if (!made) return make_error(ErrorKind::kConflict, "{} exists", fresh);
    return {};
  }());
  if (::rename(fresh.c_str(), path.c_str()) == 0) return {};
  const Error error = errno_error("rename {}", path);
  static_cast<void>(::unlink(fresh.c_str()));
  return error;
}

Result<void> remove_link(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return errno_error("unlink {}", path);
}

std::string port_name(const PortElement& port) {
  return fmt::format(
      "{}-{}-{}", port.udp ? "udp" : "tcp", format_ipv4(port.host_ip), port.host_port);
}

std::optional<PortReservation> parse_port_link(std::string_view name, std::string_view target) {
  const auto key = split(name, '-');
  const auto value = split(target, '/');
  if (key.size() != 3 || value.size() != 3) return std::nullopt;
  if (key[0] != "tcp" && key[0] != "udp") return std::nullopt;
  const auto host_ip = parse_ipv4(key[1]);
  const auto host_port = parse_unsigned(key[2], UINT16_MAX);
  const auto container_ip = parse_ipv4(value[1]);
  const auto container_port = parse_unsigned(value[2], UINT16_MAX);
  if (!host_ip || !host_port || !container_ip || !container_port) return std::nullopt;
  return PortReservation{
      .container_id = std::string(value[0]),
      .port = {.host_ip = *host_ip,
               .udp = key[0] == "udp",
               .host_port = static_cast<std::uint16_t>(*host_port),
               .container_ip = *container_ip,
               .container_port = static_cast<std::uint16_t>(*container_port)},
  };
}

}  // namespace

Result<Reservations> Reservations::open(const std::string& directory, const Ipv4Subnet& subnet) {
  IK_TRY(make_directories(directory + "/addresses", 0700));
  IK_TRY(make_directories(directory + "/ports", 0700));
  const std::string path = directory + "/subnet";
  const std::string text = fmt::format("{}/{}", format_ipv4(subnet.network), subnet.prefix_length);
  IK_LET(known, read_link(path));
  if (known != text) IK_TRY(replace_link(text, path));
  return Reservations(directory, subnet);
}

Result<std::uint32_t> Reservations::take_address(const std::string& container_id) {
  IK_LET(known, find_address(container_id));
  if (known) return *known;
  const std::string last_path = directory_ + "/last_address";
  IK_LET(last_text, read_link(last_path));
  const std::uint32_t first = subnet_.gateway() + 1;
  const std::uint32_t count = subnet_.broadcast() - first;
  std::uint32_t candidate = parse_ipv4(last_text.value_or("")).value_or(first - 1);
  if (candidate < first - 1 || candidate >= subnet_.broadcast()) candidate = first - 1;
  for (std::uint32_t tried = 0; tried < count; ++tried) {
    candidate = candidate + 1 == subnet_.broadcast() ? first : candidate + 1;
    const std::string text = format_ipv4(candidate);
    IK_LET(taken, make_link(container_id, directory_ + "/addresses/" + text));
    if (!taken) continue;
    // Only a hint where to go on: two processes at once may both write it.
    IK_TRY(replace_link(text, last_path));
    return candidate;
  }
  return make_error(ErrorKind::kUnavailable,
                    "no free address in {}/{}",
                    format_ipv4(subnet_.network),
                    subnet_.prefix_length);
}

Result<std::optional<std::uint32_t>> Reservations::find_address(
    const std::string& container_id) const {
  IK_LET(names, list_directory(directory_ + "/addresses"));
  for (const std::string& name : names) {
    IK_LET(owner, read_link(directory_ + "/addresses/" + name));
    if (owner != container_id) continue;
    if (const auto address = parse_ipv4(name); address && subnet_.contains(*address)) {
      return std::optional(*address);
    }
  }
  return std::optional<std::uint32_t>();
}

Result<void> Reservations::take_port(const PortReservation& reservation) {
  const PortElement& port = reservation.port;
  const std::string path = directory_ + "/ports/" + port_name(port);
  const std::string target = fmt::format(
      "{}/{}/{}", reservation.container_id, format_ipv4(port.container_ip), port.container_port);
  IK_LET(made, make_link(target, path));
  if (made) return {};
  IK_LET(owner, read_link(path));
  if (owner == target) return {};
  return port_allocated_error(port);
}

Result<std::vector<PortReservation>> Reservations::ports() const {
  IK_LET(names, list_directory(directory_ + "/ports"));
  std::vector<PortReservation> result;
  for (const std::string& name : names) {
    IK_LET(target, read_link(directory_ + "/ports/" + name));
    if (!target) continue;
    if (auto port = parse_port_link(name, *target)) result.push_back(std::move(*port));
  }
  return result;
}

Result<std::vector<PortElement>> Reservations::ports_of(const std::string& container_id) const {
  IK_LET(all, ports());
  std::vector<PortElement> own;
  for (const PortReservation& reservation : all) {
    if (reservation.container_id == container_id) own.push_back(reservation.port);
  }
  return own;
}

Result<void> Reservations::give_back_port(const PortElement& port) {
  return remove_link(directory_ + "/ports/" + port_name(port));
}

Result<void> Reservations::give_back_addresses(const std::string& container_id) {
  IK_LET(names, list_directory(directory_ + "/addresses"));
  for (const std::string& name : names) {
    const std::string path = directory_ + "/addresses/" + name;
    IK_LET(owner, read_link(path));
    if (owner == container_id) IK_TRY(remove_link(path));
  }
  return {};
}

Result<std::vector<std::string>> Reservations::owners() const {
  std::vector<std::string> ids;
  IK_LET(names, list_directory(directory_ + "/addresses"));
  for (const std::string& name : names) {
    IK_LET(owner, read_link(directory_ + "/addresses/" + name));
    if (owner) ids.push_back(std::move(*owner));
  }
  IK_LET(all, ports());
  for (PortReservation& reservation : all) ids.push_back(std::move(reservation.container_id));
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

Result<std::vector<KnownNetwork>> find_known_networks(const std::string& state_dir) {
  IK_LET(names, list_directory(state_dir));
  std::sort(names.begin(), names.end());
  std::vector<KnownNetwork> networks;
  for (const std::string& name : names) {
    const std::string directory = fmt::format("{}/{}", state_dir, name);
    if (!is_interface_name(name)) continue;
    const auto text = read_link(directory + "/subnet");
    if (!text || !*text) continue;
    if (const auto subnet = parse_ipv4_subnet(**text)) {
      networks.push_back({.bridge = {.name = name, .subnet = *subnet}, .directory = directory});
    }
  }
  return networks;
}

Error port_allocated_error(const PortElement& port) {
  return make_error(ErrorKind::kConflict,
                    "Bind for {}:{} failed: port is already allocated",
                    format_ipv4(port.host_ip),
                    port.host_port);
}

}  // namespace ikada
