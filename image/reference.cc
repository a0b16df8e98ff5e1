#include "image/reference.h"

#include <algorithm>
#include <vector>

#include "image/digest.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::string_view kDefaultRegistry = "docker.io";
constexpr std::string_view kOfficialPrefix = "library/";
constexpr size_t kMaxNameBytes = 255;
constexpr size_t kMaxTagBytes = 128;
constexpr size_t kMaxReferenceBytes = 512;
constexpr size_t kShownReferenceCharacters = 100;
constexpr std::uint64_t kMaxPort = 65535;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return (c >= 'a' && c <= 'z') || is_digit(c); }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_alphanumeric(char c) { return is_lower(c) || is_upper(c); }
bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

Error invalid_reference(std::string_view text, std::string_view why) {
  Error error = make_error(ErrorKind::kInvalid,
                           "invalid reference format '{}': {}",
                           text.substr(0, kShownReferenceCharacters),
                           why);
  error.code = "REFERENCE_INVALID";
  return error;
}

// domain-component: letters and digits, with hyphens inside.
bool is_host_label(std::string_view label) {
  return !label.empty() && is_alphanumeric(label.front()) && is_alphanumeric(label.back()) &&
         std::ranges::all_of(label, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_ipv6_literal(std::string_view host) {
  return host.size() > 2 && host.front() == '[' && host.back() == ']' &&
         std::ranges::all_of(host.substr(1, host.size() - 2), [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':';
         });
}

bool is_port(std::string_view port) {
  const Result<std::uint64_t> number = parse_unsigned(port, kMaxPort);
  return number.has_value() && *number > 0;
}

bool is_registry(std::string_view registry) {
  if (registry.starts_with('[')) {
    const size_t end = registry.find(']');
    if (end == std::string_view::npos) return false;
    const std::string_view rest = registry.substr(end + 1);
    return is_ipv6_literal(registry.substr(0, end + 1)) &&
           (rest.empty() || (rest.front() == ':' && is_port(rest.substr(1))));
  }
  const Cut host = cut(registry, ':');
  if (host.found && !is_port(host.after)) return false;
  return std::ranges::all_of(split(host.before, '.'), is_host_label);
}

// path-component: lower-case letters and digits, separated by ".", "_", "__" or hyphens.
bool is_path_component(std::string_view component) {
  if (component.empty() || !is_lower(component.front()) || !is_lower(component.back())) {
    return false;
  }
  for (size_t i = 0; i < component.size();) {
    if (is_lower(component[i])) {
      ++i;
      continue;
    }
    const size_t end = std::min(component.find_first_of("abcdefghijklmnopqrstuvwxyz0123456789", i),
                                component.size());
    const std::string_view separator = component.substr(i, end - i);
    const bool hyphens = separator.find_first_not_of('-') == std::string_view::npos;
    if (!hyphens && separator != "." && separator != "_" && separator != "__") return false;
    i = end;
  }
  return true;
}

bool is_repository(std::string_view repository) {
  return std::ranges::all_of(split(repository, '/'), is_path_component);
}

bool is_tag(std::string_view tag) {
  const auto is_word = [](char c) { return is_alphanumeric(c) || c == '_'; };
  return !tag.empty() && tag.size() <= kMaxTagBytes && is_word(tag.front()) &&
         std::ranges::all_of(tag, [&](char c) { return is_word(c) || c == '.' || c == '-'; });
}

// Whether the text before the first slash names a registry and not the first part of a repository.
bool looks_like_registry(std::string_view first) {
  return first.find_first_of(".:[") != std::string_view::npos || first == "localhost" ||
         std::ranges::any_of(first, is_upper);
}

struct Name {
  std::string registry;
  std::string repository;
};

Name split_name(std::string_view name) {
  const Cut parts = cut(name, '/');
  Name result{.registry = std::string(kDefaultRegistry), .repository = std::string(name)};
  if (parts.found && looks_like_registry(parts.before)) {
    result.registry = parts.before;
    result.repository = parts.after;
  }
  if (result.registry == "index.docker.io") result.registry = kDefaultRegistry;
  const bool official = result.registry == kDefaultRegistry && !result.repository.empty() &&
                        result.repository.find('/') == std::string::npos;
  if (official) result.repository.insert(0, kOfficialPrefix);
  return result;
}

bool is_bare_id(std::string_view name) {
  constexpr size_t kIdDigits = 64;
  return name.size() == kIdDigits && std::ranges::all_of(name, is_hex_digit);
}

}  // namespace

Result<Reference> parse_reference(std::string_view text) {
  if (text.empty()) return invalid_reference(text, "it is empty");
  if (text.size() > kMaxReferenceBytes) return invalid_reference(text, "it is too long");
  Reference reference;
  const Cut at = cut(text, '@');
  if (at.found) {
    IK_LET(digest, Digest::parse(at.after).context("reference '{}'", text));
    reference.digest = digest.text();
  }
  std::string_view name = at.before;
  const size_t slash = name.rfind('/');
  const size_t colon = name.rfind(':');
  const bool has_tag =
      colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
  if (has_tag) {
    reference.tag = name.substr(colon + 1);
    name = name.substr(0, colon);
    if (!is_tag(reference.tag)) return invalid_reference(text, "the tag is not valid");
  } else if (!at.found) {
    reference.tag = "latest";
  }
  if (is_bare_id(name)) {
    return invalid_reference(text, "64 hexadecimal digits cannot be a repository name");
  }

  Name parts = split_name(name);
  if (!is_registry(parts.registry)) return invalid_reference(text, "the registry is not valid");
  if (parts.registry.size() + 1 + parts.repository.size() > kMaxNameBytes) {
    return invalid_reference(text, "the repository name is longer than 255 characters");
  }
  if (!is_repository(parts.repository)) {
    if (is_repository(lower_case(parts.repository))) {
      return invalid_reference(text,
                               "repository name (" + parts.repository + ") must be lowercase");
    }
    return invalid_reference(text, "the repository name is not valid");
  }
  reference.registry = std::move(parts.registry);
  reference.repository = std::move(parts.repository);
  return reference;
}

Result<std::string> parse_registry(std::string_view text) {
  std::string_view host = text;
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (host.starts_with(scheme)) host.remove_prefix(scheme.size());
  }
  host = cut(host, '/').before;
  if (host.size() > kMaxNameBytes || !is_registry(host)) {
    return invalid_reference(text, "it names no registry");
  }
  const bool is_hub = host == "index.docker.io" || host == "registry-1.docker.io";
  return std::string(is_hub ? kDefaultRegistry : host);
}

bool is_repository_name(std::string_view text) {
  return text.size() <= kMaxNameBytes && is_repository(text);
}

bool is_tag_name(std::string_view text) { return is_tag(text); }

std::string Reference::canonical() const {
  std::string text = registry + "/" + repository;
  if (!tag.empty()) text += ":" + tag;
  if (!digest.empty()) text += "@" + digest;
  return text;
}

std::string Reference::familiar_name() const {
  // Without the registry "docker.io/a.b/c" would be one of the registry a.b.
  const Cut parts = cut(repository, '/');
  const bool is_ambiguous = parts.found && looks_like_registry(parts.before);
  if (registry != kDefaultRegistry || is_ambiguous) return registry + "/" + repository;
  const bool official = repository.starts_with(kOfficialPrefix) &&
                        repository.find('/', kOfficialPrefix.size()) == std::string::npos;
  if (!official || is_bare_id(repository.substr(kOfficialPrefix.size()))) return repository;
  return repository.substr(kOfficialPrefix.size());
}

std::string Reference::familiar() const {
  std::string text = familiar_name();
  if (!tag.empty()) text += ":" + tag;
  if (!digest.empty()) text += "@" + digest;
  return text;
}

}  // namespace ikada
