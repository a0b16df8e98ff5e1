#include "image/registry/settings.h"

#include "runtime/sys/file.h"

namespace ikada::registry {
namespace {

constexpr size_t kMaxConfigBytes = size_t{1} << 20;
constexpr size_t kMaxPasswordFileBytes = size_t{16} << 20;

Result<RegistryConfig> read_config(const SettingsSource& source) {
  const Result<std::string> text = read_file(source.config_path, kMaxConfigBytes);
  if (!text.has_value()) {
    if (text.error().kind == ErrorKind::kNotFound && !source.must_exist) return RegistryConfig();
    return text.error();
  }
  return parse_registry_config(*text).context("{}", source.config_path);
}

Result<void> check_plain_http(const RegistryConfig& config) {
  if (!config.tls_certificate.empty() || config.insecure) return {};
  IK_LET(address, parse_listen_address(config.address));
  if (is_loopback(address)) return {};
  return make_error(ErrorKind::kInvalid,
                    "address {}: plain http is for loopback; give tls.certificate and tls.key, or "
                    "say insecure: true",
                    config.address);
}

}  // namespace

Result<std::shared_ptr<const Settings>> load_settings(const SettingsSource& source) {
  auto settings = std::make_shared<Settings>();
  IK_LET(config, read_config(source));
  if (!source.address.empty()) config.address = source.address;
  if (!source.root.empty()) config.root = source.root;
  if (config.root.empty()) config.root = source.default_root;
  IK_TRY(check_plain_http(config));
  if (!config.password_file.empty()) {
    IK_LET(text, read_file(config.password_file, kMaxPasswordFileBytes));
    IK_LET(passwords, PasswordFile::parse(text).context("{}", config.password_file));
    settings->passwords = std::move(passwords);
  }
  if (!config.tls_certificate.empty()) {
    IK_LET(tls, TlsContext::load(config.tls_certificate, config.tls_key));
    settings->tls = std::move(tls);
  }
  settings->config = std::move(config);
  return std::shared_ptr<const Settings>(std::move(settings));
}

}  // namespace ikada::registry
