#include "image/credentials.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <memory>

#include "image/base64.h"
#include "image/credential_helper.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/json.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxFileBytes = size_t{4} << 20;
constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirectoryMode = 0700;
constexpr std::string_view kDockerHubKey = "https://index.docker.io/v1/";

bool is_docker_hub(std::string_view host) {
  return host == "docker.io" || host == "index.docker.io" || host == "registry-1.docker.io";
}

// The key under which docker keeps a registry.
std::string key_of(const std::string& registry) {
  return is_docker_hub(registry) ? std::string(kDockerHubKey) : registry;
}

// The host of a key: keys may be URLs, "https://registry.example.com/v1/".
std::string_view host_of_key(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
  }
  return cut(key, '/').before;
}

bool key_means(std::string_view key, std::string_view registry) {
  const std::string_view host = host_of_key(key);
  return host == registry || (is_docker_hub(host) && is_docker_hub(registry));
}

Result<Json> read_config(const std::string& path) {
  const Result<std::string> text = read_file(path, kMaxFileBytes);
  if (!text.has_value()) {
    if (text.error().kind == ErrorKind::kNotFound) return Json(Json::object());
    return text.error();
  }
  if (trim(*text).empty()) return Json(Json::object());
  IK_LET(json, parse_json(*text).context("{}", path));
  if (!json.is_object()) return make_error(ErrorKind::kInvalid, "{}: expected an object", path);
  for (const char* key : {"auths", "credHelpers"}) {
    const auto found = json.find(key);
    if (found == json.end() || found->is_object()) continue;
    return make_error(ErrorKind::kInvalid, "{}: {}: expected an object", path, key);
  }
  return json;
}

// The program that keeps the secret of this registry; empty if the file itself does.
std::string helper_for(const Json& config, const std::string& registry) {
  if (const auto helpers = config.find("credHelpers"); helpers != config.end()) {
    for (const auto& item : helpers->items()) {
      if (key_means(item.key(), registry) && item.value().is_string()) {
        return item.value().get<std::string>();
      }
    }
  }
  const auto store = config.find("credsStore");
  return store != config.end() && store->is_string() ? store->get<std::string>() : std::string();
}

Result<std::optional<Credentials>> read_credentials(const Json& entry, const std::string& where) {
  JsonReader reader(entry, where);
  Credentials credentials;
  std::string packed;
  reader.read("auth", packed);
  reader.read("username", credentials.username);
  reader.read("password", credentials.password);
  reader.read("identitytoken", credentials.identity_token);
  IK_TRY(reader.done());
  if (!packed.empty()) {
    IK_LET(plain, decode_base64(packed).context("{}: auth", where));
    const Cut parts = cut(plain, ':');
    if (!parts.found) {
      return make_error(ErrorKind::kInvalid, "{}: auth: expected user:password", where);
    }
    credentials.username = parts.before;
    credentials.password = parts.after;
    // Docker pads the text with NUL bytes in old files.
    credentials.password.resize(
        std::min(credentials.password.find('\0'), credentials.password.size()));
  }
  if (credentials.username.empty() && credentials.identity_token.empty()) return std::nullopt;
  return std::optional(std::move(credentials));
}

// Changes of the file are made one at a time; docker does not look at this lock, but does not
// change the file often either.
Result<UniqueFd> lock_directory_of(const std::string& path) {
  const std::string directory = path.substr(0, path.rfind('/'));
  IK_TRY(make_directories(directory, kDirectoryMode));
  IK_LET(fd, open_file(directory, O_RDONLY | O_DIRECTORY));
  if (::flock(fd.get(), LOCK_EX) != 0) return errno_error("flock {}", directory);
  return fd;
}

Result<void> write_config(const std::string& path, const Json& config) {
  // A config.json that is a link into somebody's dotfiles stays one.
  const std::unique_ptr<char, decltype(&::free)> real(::realpath(path.c_str(), nullptr), &::free);
  const std::string target = real == nullptr ? path : real.get();
  return write_file_atomically(
      target, config.dump(1, '\t', false, Json::error_handler_t::replace) + "\n", kFileMode);
}

// Removes every entry of `auths` that means the registry.
bool erase_entries(Json& config, const std::string& registry) {
  const auto auths = config.find("auths");
  if (auths == config.end()) return false;
  bool erased = false;
  for (auto entry = auths->begin(); entry != auths->end();) {
    const bool meant = key_means(entry.key(), registry);
    erased = erased || meant;
    entry = meant ? auths->erase(entry) : std::next(entry);
  }
  return erased;
}

}  // namespace

std::string default_credentials_path() {
  const char* const directory = ::getenv("DOCKER_CONFIG");
  if (directory != nullptr && *directory != '\0') return std::string(directory) + "/config.json";
  const char* const home = ::getenv("HOME");
  const bool has_home = home != nullptr && *home != '\0';
  return std::string(has_home ? home : "/root") + "/.docker/config.json";
}

Result<std::optional<Credentials>> find_credentials(const std::string& path,
                                                    const std::string& registry) {
  IK_LET(config, read_config(path));
  const std::string helper = helper_for(config, registry);
  if (!helper.empty()) return ask_credential_helper(helper, key_of(registry));
  const auto auths = config.find("auths");
  if (auths == config.end()) return std::nullopt;
  const auto exact = auths->find(key_of(registry));
  if (exact != auths->end()) return read_credentials(*exact, path + ": " + key_of(registry));
  for (const auto& item : auths->items()) {
    if (key_means(item.key(), registry))
      return read_credentials(item.value(), path + ": " + item.key());
  }
  return std::nullopt;
}

Result<void> save_credentials(const std::string& path,
                              const std::string& registry,
                              const Credentials& credentials) {
  IK_LET(lock, lock_directory_of(path));
  IK_LET(config, read_config(path));
  const std::string helper = helper_for(config, registry);
  Json entry = Json::object();
  if (!helper.empty()) {
    IK_TRY(store_in_credential_helper(helper, key_of(registry), credentials));
  } else if (!credentials.identity_token.empty()) {
    entry = {{"auth", encode_base64(credentials.username + ":")},
             {"identitytoken", credentials.identity_token}};
  } else {
    entry = {{"auth", encode_base64(credentials.username + ":" + credentials.password)}};
  }
  erase_entries(config, registry);
  config["auths"][key_of(registry)] = std::move(entry);
  return write_config(path, config);
}

Result<bool> remove_credentials(const std::string& path, const std::string& registry) {
  if (::access(path.c_str(), F_OK) != 0) return false;
  IK_LET(lock, lock_directory_of(path));
  IK_LET(config, read_config(path));
  const std::string helper = helper_for(config, registry);
  bool removed = false;
  if (!helper.empty()) {
    IK_LET(erased, erase_in_credential_helper(helper, key_of(registry)));
    removed = erased;
  }
  if (!erase_entries(config, registry)) return removed;
  IK_TRY(write_config(path, config));
  return true;
}

}  // namespace ikada
