// --mount, docker's long form of a volume.
#include <array>

#include "cmd/ikada/option_grammar.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

Result<bool> parse_switch(std::string_view key, std::string_view value, bool has_value) {
  if (!has_value || value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  return make_error(ErrorKind::kInvalid, "invalid value for {}: {}", key, value);
}

// Fields of which one type of mount alone makes sense.
struct Fields {
  bool has_volume = false;
  bool has_tmpfs = false;
  bool has_bind = false;
};

Result<void> apply_field(std::string_view field, MountSpec& mount, Fields& fields) {
  const Cut parts = cut(field, '=');
  const std::string key = lower_case(parts.before);
  const std::string_view value = parts.after;
  if (key == "type") {
    if (value == "bind") {
      mount.type = MountSpec::Type::kBind;
    } else if (value == "volume") {
      mount.type = MountSpec::Type::kVolume;
    } else if (value == "tmpfs") {
      mount.type = MountSpec::Type::kTmpfs;
    } else {
      return make_error(ErrorKind::kInvalid, "mount type unknown: \"{}\"", value);
    }
  } else if (key == "source" || key == "src") {
    mount.source = value;
  } else if (key == "target" || key == "dst" || key == "destination") {
    mount.destination = value;
  } else if (key == "readonly" || key == "ro") {
    IK_LET(read_only, parse_switch(key, value, parts.found));
    mount.read_only = read_only;
  } else if (key == "volume-nocopy") {
    IK_LET(no_copy, parse_switch(key, value, parts.found));
    mount.no_copy = no_copy;
    fields.has_volume = true;
  } else if (key == "bind-propagation") {
    mount.options.emplace_back(value);
    fields.has_bind = true;
  } else if (key == "tmpfs-size") {
    IK_LET(size, parse_byte_size(value));
    mount.options.push_back(fmt::format("size={}", size));
    fields.has_tmpfs = true;
  } else if (key == "tmpfs-mode") {
    mount.options.push_back(fmt::format("mode={}", value));
    fields.has_tmpfs = true;
  } else if (key != "consistency") {
    return make_error(ErrorKind::kInvalid, "unexpected key '{}' in '{}'", key, field);
  }
  return {};
}

bool is_octal(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         text.find_first_not_of("01234567") == std::string_view::npos;
}

Result<void> check_options(const MountSpec& mount) {
  constexpr std::array<std::string_view, 6> kPropagation = {
      "shared", "slave", "private", "rshared", "rslave", "rprivate"};
  for (const std::string& option : mount.options) {
    if (option.starts_with("mode=") && !is_octal(std::string_view(option).substr(5))) {
      return make_error(ErrorKind::kInvalid, "invalid value for tmpfs-mode: {}", option.substr(5));
    }
    if (mount.type != MountSpec::Type::kBind) continue;
    bool known = false;
    for (const std::string_view each : kPropagation) known = known || each == option;
    if (!known) {
      return make_error(ErrorKind::kInvalid, "invalid value for bind-propagation: {}", option);
    }
  }
  return {};
}

}  // namespace

Result<MountSpec> parse_mount(std::string_view text) {
  MountSpec mount{.type = MountSpec::Type::kVolume};
  Fields fields;
  for (const std::string_view field : split(text, ',')) {
    IK_TRY(apply_field(field, mount, fields));
  }
  if (mount.destination.empty()) {
    return make_error(ErrorKind::kInvalid, "invalid mount config: target is required: {}", text);
  }
  const bool is_bind = mount.type == MountSpec::Type::kBind;
  const bool is_volume = mount.type == MountSpec::Type::kVolume;
  const bool is_tmpfs = mount.type == MountSpec::Type::kTmpfs;
  if ((fields.has_volume && !is_volume) || (fields.has_bind && !is_bind) ||
      (fields.has_tmpfs && !is_tmpfs) || (is_tmpfs && !mount.source.empty())) {
    return make_error(
        ErrorKind::kInvalid, "invalid mount config: an option does not fit the type: {}", text);
  }
  if (is_bind && (mount.source.empty() || mount.source[0] != '/')) {
    return make_error(ErrorKind::kInvalid,
                      "invalid mount config for type \"bind\": invalid mount path: '{}' mount path "
                      "must be absolute",
                      mount.source);
  }
  IK_TRY(check_options(mount));
  return mount;
}

}  // namespace ikada
