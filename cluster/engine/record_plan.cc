#include "cluster/engine/record_plan.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <utility>

#include "cluster/engine/container_names.h"
#include "cluster/engine/environment.h"
#include "cluster/engine/identity_files.h"
#include "cluster/engine/volumes.h"
#include "runtime/base/number.h"
#include "runtime/base/random_id.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::array<std::pair<std::string_view, int>, 33> kSignals = {{
    {"HUP", SIGHUP},       {"INT", SIGINT},     {"QUIT", SIGQUIT}, {"ILL", SIGILL},
    {"TRAP", SIGTRAP},     {"ABRT", SIGABRT},   {"IOT", SIGIOT},   {"BUS", SIGBUS},
    {"FPE", SIGFPE},       {"KILL", SIGKILL},   {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},
    {"USR2", SIGUSR2},     {"PIPE", SIGPIPE},   {"ALRM", SIGALRM}, {"TERM", SIGTERM},
    {"STKFLT", SIGSTKFLT}, {"CHLD", SIGCHLD},   {"CLD", SIGCHLD},  {"CONT", SIGCONT},
    {"STOP", SIGSTOP},     {"TSTP", SIGTSTP},   {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU},
    {"URG", SIGURG},       {"XCPU", SIGXCPU},   {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM},
    {"PROF", SIGPROF},     {"WINCH", SIGWINCH}, {"IO", SIGIO},     {"PWR", SIGPWR},
    {"SYS", SIGSYS},
}};

// The kernel's first real-time signal is 32; the C library keeps two for itself and so counts from
// 34, as programs in containers do.
constexpr int kFirstRealTime = 34;
constexpr int kLastSignal = 64;

// Destinations are compared and sorted as text, so one place has one spelling.
Result<std::string> clean_destination(const std::string& path) {
  const bool has_nul = path.find('\0') != std::string::npos;
  if (path.empty() || path[0] != '/' || has_nul) {
    return make_error(
        ErrorKind::kInvalid, "invalid mount path: '{}' mount path must be absolute", path);
  }
  std::vector<std::string_view> parts;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
      continue;
    }
    parts.push_back(part);
  }
  std::string clean;
  for (const std::string_view part : parts) {
    clean += '/';
    clean += part;
  }
  if (clean.empty()) {
    return make_error(ErrorKind::kInvalid, "invalid specification: destination can't be '/'");
  }
  return clean;
}

Result<void> plan_mounts(ContainerRecord& record, const ImageConfig& image) {
  std::vector<MountSpec>& mounts = record.spec.mounts;
  for (MountSpec& each : mounts) {
    IK_LET(destination, clean_destination(each.destination));
    each.destination = std::move(destination);
  }
  for (size_t i = 0; i < mounts.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (mounts[i].destination == mounts[j].destination) {
        return make_error(ErrorKind::kInvalid, "Duplicate mount point: {}", mounts[i].destination);
      }
    }
  }
  for (const std::string& path : image.volumes) {
    IK_LET(destination, clean_destination(path).context("the image's VOLUME"));
    const bool covered = std::any_of(mounts.begin(), mounts.end(), [&](const MountSpec& each) {
      return each.destination == destination;
    });
    if (covered) continue;
    mounts.push_back({.type = MountSpec::Type::kVolume, .destination = destination});
  }
  for (MountSpec& each : mounts) {
    if (each.type != MountSpec::Type::kVolume) continue;
    if (each.source.empty()) {
      each.source = random_hex(32);
      record.anonymous_volumes.push_back(each.source);
    }
    IK_TRY(check_volume_name(each.source));
  }
  return {};
}

Result<void> plan_command(ContainerRecord& record, const ImageConfig& image) {
  const ContainerSpec& spec = record.spec;
  // A new ENTRYPOINT makes the image's CMD meaningless, because it was written for the old one.
  const std::vector<std::string>& entrypoint = spec.entrypoint.value_or(image.entrypoint);
  std::vector<std::string> command = spec.command;
  if (command.empty() && !spec.entrypoint.has_value()) command = image.cmd;
  record.image_entrypoint = entrypoint;
  record.image_cmd = command;
  record.args = entrypoint;
  record.args.insert(record.args.end(), command.begin(), command.end());
  if (record.args.empty()) {
    return make_error(ErrorKind::kInvalid, "no command specified");
  }
  if (record.args[0].empty()) {
    return make_error(ErrorKind::kInvalid, "the command's name is empty");
  }
  return {};
}

void plan_env(ContainerSpec& spec, const ImageConfig& image) {
  Environment env(image.env);
  for (std::string& each : spec.env) env.set(std::move(each));
  spec.env = std::move(env).take();
}

Result<void> plan_ports(ContainerRecord& record, const ImageConfig& image) {
  NetworkSpec& network = record.spec.network;
  std::vector<std::string> exposed = image.exposed_ports;
  exposed.insert(exposed.end(), network.exposed.begin(), network.exposed.end());
  for (const PortSpec& port : network.ports) {
    exposed.push_back(fmt::format("{}/{}", port.container_port, port.protocol));
  }
  for (const std::string& each : exposed) {
    IK_LET(port, parse_exposed_port(each));
    const std::string text = fmt::format("{}/{}", port.port, port.protocol);
    if (std::find(record.exposed.begin(), record.exposed.end(), text) == record.exposed.end()) {
      record.exposed.push_back(text);
    }
    const bool published =
        std::any_of(network.ports.begin(), network.ports.end(), [&](const PortSpec& other) {
          return other.container_port == port.port && other.protocol == port.protocol;
        });
    if (network.publish_all && !published) {
      network.ports.push_back({.container_port = port.port, .protocol = port.protocol});
    }
  }
  // Docker discards published ports where there is no network of the container's own.
  if (network.mode != "bridge") network.ports.clear();
  return {};
}

Result<void> check_names(const ContainerSpec& spec) {
  if (!spec.name.empty()) IK_TRY(check_container_name(spec.name));
  if (!spec.hostname.empty()) IK_TRY(check_hostname(spec.hostname));
  if (!spec.domainname.empty()) IK_TRY(check_hostname(spec.domainname));
  for (const std::string& each : spec.network.extra_hosts) IK_TRY(check_extra_host(each));
  if (!spec.working_dir.empty() && spec.working_dir[0] != '/') {
    return make_error(ErrorKind::kInvalid,
                      "the working directory '{}' is invalid, it needs to be an absolute path",
                      spec.working_dir);
  }
  for (const std::string& each : spec.env) {
    if (each.empty() || each[0] == '=' || each.find('\0') != std::string::npos) {
      return make_error(ErrorKind::kInvalid, "invalid environment variable: {}", each);
    }
  }
  return {};
}

}  // namespace

Result<int> parse_signal(std::string_view text) {
  const Error invalid = make_error(ErrorKind::kInvalid, "Invalid signal: {}", text);
  std::string name;
  for (const char c : text) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (const auto number = parse_unsigned(name, kLastSignal); number.has_value() && *number > 0) {
    return static_cast<int>(*number);
  }
  std::string_view word = name;
  if (word.starts_with("SIG")) word.remove_prefix(3);
  for (const auto& [known, number] : kSignals) {
    if (known == word) return number;
  }
  for (const auto& [base, from, sign] :
       {std::tuple{"RTMIN", kFirstRealTime, 1}, std::tuple{"RTMAX", kLastSignal, -1}}) {
    if (!word.starts_with(base)) continue;
    const std::string_view rest = word.substr(5);
    if (rest.empty()) return from;
    if (rest[0] != (sign > 0 ? '+' : '-')) continue;
    const auto offset = parse_unsigned(rest.substr(1), kLastSignal - kFirstRealTime);
    if (offset.has_value()) return from + sign * static_cast<int>(*offset);
  }
  return invalid;
}

int stop_signal(const ContainerRecord& record) {
  return parse_signal(record.spec.stop_signal).value_or(SIGTERM);
}

Result<ExposedPort> parse_exposed_port(std::string_view text) {
  const Cut parts = cut(text, '/');
  ExposedPort port;
  if (parts.found) port.protocol = lower_case(parts.after);
  const Result<std::uint64_t> number = parse_unsigned(parts.before, UINT16_MAX);
  if (!number.has_value() || *number == 0 || (port.protocol != "tcp" && port.protocol != "udp")) {
    return make_error(ErrorKind::kInvalid, "invalid port: {}", text);
  }
  port.port = static_cast<std::uint16_t>(*number);
  return port;
}

Result<ContainerRecord> plan_record(const ContainerSpec& spec,
                                    const ImageConfig& image,
                                    const RecordInputs& inputs) {
  ContainerRecord record{.id = inputs.id,
                         .name = spec.name,
                         .created = inputs.created,
                         .image = inputs.image_name,
                         .image_id = inputs.image_id,
                         .spec = spec};
  if (record.spec.working_dir.empty()) record.spec.working_dir = image.working_dir;
  if (record.spec.user.empty()) record.spec.user = image.user;
  if (record.spec.stop_signal.empty()) record.spec.stop_signal = image.stop_signal;
  for (const auto& [name, value] : image.labels) record.spec.labels.emplace(name, value);
  plan_env(record.spec, image);
  IK_TRY(check_names(record.spec));
  if (!record.spec.stop_signal.empty()) {
    IK_LET(signal, parse_signal(record.spec.stop_signal));
    static_cast<void>(signal);
  }
  IK_TRY(plan_command(record, image));
  IK_TRY(plan_mounts(record, image));
  IK_TRY(plan_ports(record, image));
  return record;
}

}  // namespace ikada
