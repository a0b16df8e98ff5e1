#include "cluster/model/stored_secret.h"

#include <algorithm>

#include "runtime/base/json.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kMaxSecretName = 255;
constexpr size_t kRandomSuffix = 7;  // "-AbCdEf"
constexpr std::string_view kLettersAndDigits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool has_random_suffix(std::string_view name) {
  if (name.size() <= kRandomSuffix) return false;
  const std::string_view end = name.substr(name.size() - kRandomSuffix);
  return end[0] == '-' &&
         end.substr(1).find_first_not_of(kLettersAndDigits) == std::string_view::npos;
}

}  // namespace

void describe(JsonFields& fields, StoredSecret& secret) {
  fields.required("name", secret.name);
  fields.required("sealed", secret.sealed);
  fields.field("createdAt", secret.created_at);
  fields.field("changedAt", secret.changed_at);
  fields.field("version", secret.version);
}

bool is_secret_name(std::string_view name) {
  return name.size() <= kMaxSecretName &&
         name.find_first_of(kLettersAndDigits) != std::string_view::npos &&
         std::ranges::all_of(name, [](char c) {
           return kLettersAndDigits.find(c) != std::string_view::npos || c == '/' || c == '_' ||
                  c == '.' || c == '-';
         });
}

std::string secret_record_name(std::string_view name) {
  std::string record(name);
  std::ranges::replace(record, '/', '%');
  return record;
}

std::string sealed_name_of(std::string_view name) { return fmt::format("secret/{}", name); }

Result<SecretReference> parse_secret_reference(const std::string& value_from) {
  SecretReference reference;
  const std::vector<std::string_view> parts = split(value_from, ':');
  constexpr size_t kResource = 5;
  const bool is_arn = parts[0] == "arn" && parts.size() > kResource;
  if (!is_arn) {
    reference.names = {value_from};
  } else if (parts[2] == "ssm") {
    const std::string name(cut(parts[kResource], '/').after);
    reference.names = {name, "/" + name};
  } else if (parts[2] == "secretsmanager" && parts[kResource] == "secret" &&
             parts.size() > kResource + 1) {
    const std::string name(parts[kResource + 1]);
    reference.names = {name};
    if (has_random_suffix(name)) {
      reference.names.push_back(name.substr(0, name.size() - kRandomSuffix));
    }
    if (parts.size() > kResource + 2) reference.member = std::string(parts[kResource + 2]);
  }
  std::erase_if(reference.names, [](const std::string& name) { return !is_secret_name(name); });
  if (!reference.names.empty()) return reference;
  return make_error(ErrorKind::kInvalid, "{} names no secret", value_from);
}

Result<std::string> select_secret(std::string value, const SecretReference& reference) {
  if (reference.member.empty()) return value;
  const Result<Json> json = parse_json(value);
  if (!json.has_value() || !json->is_object()) {
    return make_error(ErrorKind::kInvalid, "the value is no object of JSON");
  }
  const auto member = json->find(reference.member);
  if (member == json->end()) {
    return make_error(ErrorKind::kInvalid, "the value has no member {}", reference.member);
  }
  return member->is_string() ? member->get<std::string>() : member->dump();
}

}  // namespace ikada
