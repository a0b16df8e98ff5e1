// RUN --mount=type=…: the fields of each type.
#include <algorithm>
#include <initializer_list>

#include "image/dockerfile/instruction.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

Result<bool> parse_truth(std::string_view key, const Cut& field) {
  if (!field.found || field.after == "true" || field.after == "1") return true;
  if (field.after == "false" || field.after == "0") return false;
  return make_error(
      ErrorKind::kInvalid, "--mount: {}: expected true or false, not {}", key, field.after);
}

Result<std::uint32_t> parse_octal(std::string_view text) {
  std::uint32_t mode = 0;
  for (const char c : text) {
    if (c < '0' || c > '7' || mode > 0777) {
      return make_error(ErrorKind::kInvalid, "--mount: mode: \"{}\" is not octal", text);
    }
    mode = mode * 8 + static_cast<std::uint32_t>(c - '0');
  }
  return mode;
}

Result<RunMount::Type> parse_type(std::string_view text) {
  if (text == "bind") return RunMount::Type::kBind;
  if (text == "cache") return RunMount::Type::kCache;
  if (text == "tmpfs") return RunMount::Type::kTmpfs;
  if (text == "secret") return RunMount::Type::kSecret;
  if (text == "ssh") return RunMount::Type::kSsh;
  return make_error(ErrorKind::kInvalid, "--mount: type {} is not supported", text);
}

bool is_known(RunMount::Type type, std::string_view key) {
  const auto any = [key](std::initializer_list<std::string_view> keys) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  if (any({"type", "target", "dst", "destination"})) return true;
  switch (type) {
    case RunMount::Type::kBind:
      return any({"source", "src", "from", "rw", "readwrite", "ro", "readonly"});
    case RunMount::Type::kCache:
      return any({"id",
                  "source",
                  "src",
                  "from",
                  "sharing",
                  "mode",
                  "uid",
                  "gid",
                  "rw",
                  "readwrite",
                  "ro",
                  "readonly"});
    case RunMount::Type::kTmpfs:
      return key == "size";
    case RunMount::Type::kSecret:
      return any({"id", "source", "src", "env", "required", "mode", "uid", "gid"});
    case RunMount::Type::kSsh:
      return any({"id", "required"});
  }
  return false;
}

Result<void> set_field(RunMount& mount, std::string_view key, const Cut& field) {
  const std::string_view value = field.after;
  if (key == "type") return {};
  if (key == "ro" || key == "readonly") {
    IK_LET(truth, parse_truth(key, field));
    mount.read_only = truth;
    return {};
  }
  if (key == "rw" || key == "readwrite") {
    IK_LET(truth, parse_truth(key, field));
    mount.read_only = !truth;
    return {};
  }
  if (key == "required") {
    IK_LET(truth, parse_truth(key, field));
    mount.required = truth;
    return {};
  }
  if (!field.found) return make_error(ErrorKind::kInvalid, "--mount: {} needs a value", key);
  if (key == "target" || key == "dst" || key == "destination") mount.target = value;
  if (key == "source" || key == "src") mount.source = value;
  if (key == "from") mount.from = value;
  if (key == "id") mount.id = value;
  if (key == "env") mount.environment = value;
  if (key == "sharing") {
    mount.sharing = value;
    if (value != "shared" && value != "private" && value != "locked") {
      return make_error(ErrorKind::kInvalid, "--mount: unknown sharing mode {}", value);
    }
  }
  if (key == "mode") {
    IK_LET(mode, parse_octal(value));
    mount.mode = mode;
  }
  if (key == "uid" || key == "gid") {
    IK_LET(id, parse_unsigned(value, 2147483647).context("--mount: {}", key));
    (key == "uid" ? mount.uid : mount.gid) = static_cast<std::uint32_t>(id);
  }
  if (key == "size") {
    IK_LET(size, parse_byte_size(value).context("--mount: size"));
    mount.size_bytes = size;
  }
  return {};
}

Result<void> check(RunMount& mount) {
  switch (mount.type) {
    case RunMount::Type::kSecret:
      if (mount.id.empty()) mount.id = mount.source;
      if (mount.id.empty()) {
        mount.id = mount.target.substr(mount.target.rfind('/') + 1);
      }
      if (mount.id.empty()) {
        return make_error(ErrorKind::kInvalid, "--mount: a secret needs an id or a target");
      }
      if (mount.target.empty() && mount.environment.empty()) {
        mount.target = "/run/secrets/" + mount.id;
      }
      return {};
    case RunMount::Type::kSsh:
      if (mount.id.empty()) mount.id = "default";
      return {};
    case RunMount::Type::kCache:
      if (mount.id.empty()) mount.id = mount.target;
      break;
    default:
      break;
  }
  if (mount.target.empty()) return make_error(ErrorKind::kInvalid, "--mount: target is missing");
  return {};
}

}  // namespace

Result<RunMount> parse_run_mount(std::string_view text) {
  RunMount mount;
  const std::vector<std::string_view> fields = split(text, ',');
  for (const std::string_view field : fields) {
    const Cut parts = cut(field, '=');
    if (parts.before != "type") continue;
    IK_LET(type, parse_type(parts.after));
    mount.type = type;
  }
  for (const std::string_view field : fields) {
    const Cut parts = cut(field, '=');
    const std::string key = lower_case(trim(parts.before));
    if (!is_known(mount.type, key)) {
      return make_error(ErrorKind::kInvalid, "--mount: unexpected key '{}' in '{}'", key, field);
    }
    IK_TRY(set_field(mount, key, parts));
  }
  IK_TRY(check(mount));
  return mount;
}

}  // namespace ikada
