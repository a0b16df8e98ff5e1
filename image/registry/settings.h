// The configuration and what it names, read: a snapshot that a running request keeps while a newer
// one takes its place.
#pragma once

#include <memory>
#include <string>

#include "image/registry/config.h"
#include "image/registry/password_file.h"
#include "image/registry/tls_library.h"
#include "runtime/base/result.h"

namespace ikada::registry {

struct Settings {
  RegistryConfig config;
  PasswordFile passwords;
  std::shared_ptr<const TlsContext> tls;  // Null for plain http.
};

// What the command line says; it goes before the file.
struct SettingsSource {
  std::string config_path;
  bool must_exist = false;  // Without it, a missing file means the defaults.
  std::string address;
  std::string root;
  std::string default_root;
};

// kInvalid also if plain http would be spoken on another address than loopback without being asked
// for.
Result<std::shared_ptr<const Settings>> load_settings(const SettingsSource& source);

}  // namespace ikada::registry
