#include "cluster/daemon/etcd_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include <spdlog/spdlog.h>

#include "cluster/auth/certificate_details.h"
#include "cluster/node/authority_exchange.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/json.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxSetupBytes = size_t{64} << 10;
constexpr size_t kMaxPairBytes = size_t{64} << 10;
constexpr size_t kMaxAuthoritiesBytes = size_t{64} << 10;
constexpr const char* kStandardPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string setup_path(const std::string& directory) { return directory + "/etcd.json"; }

// The pair changes in two steps; a handshake between them fails and is made again. There is room
// for both before the first.
Result<void> write_pair(const std::string& path,
                        const std::string& key,
                        const std::string& certificate) {
  const std::array<std::string, 2> files = {path + ".key", path + ".pem"};
  Result<void> written = write_file_atomically(files[0] + ".tmp", key, 0600);
  if (written.has_value()) written = write_file_atomically(files[1] + ".tmp", certificate, 0600);
  for (const std::string& file : files) {
    const std::string made = file + ".tmp";
    if (written.has_value() && ::rename(made.c_str(), file.c_str()) != 0) {
      written = errno_error("rename {} to {}", made, file);
    }
    if (!written.has_value()) ::unlink(made.c_str());
  }
  return written.has_value() ? sync_directory(path.substr(0, path.rfind('/'))) : written;
}

Result<void> issue_to(const std::string& path,
                      const ClusterKeys& keys,
                      const auth::CertificateOrder& order) {
  const auth::Secret key = auth::generate_private_key();
  IK_LET(request, auth::create_certificate_request(key));
  IK_LET(certificate, keys.store_authority.issue(request, order));
  return write_pair(path, std::string(key.reveal()), certificate);
}

// When the pair at `path` was issued; nothing if it is not what the order would make.
std::optional<std::int64_t> find_issued(const std::string& path,
                                        const ClusterKeys& keys,
                                        const auth::CertificateOrder& order) {
  const Result<std::string> key = read_file(path + ".key", kMaxPairBytes);
  const Result<std::string> text = read_file(path + ".pem", kMaxPairBytes);
  if (!key.has_value() || !text.has_value()) return std::nullopt;
  const bool is_pair =
      auth::check_parts({.certificate = *text, .key = auth::Secret(*key)}).has_value();
  const Result<auth::CertificateFacts> facts = auth::read_certificate(*text);
  const Result<auth::CertificateDetails> details = auth::read_details(*text);
  if (!is_pair || !facts.has_value() || !details.has_value()) return std::nullopt;
  const bool fits = facts->identity == order.identity && details->names == order.hosts &&
                    auth::is_issued_by(*text, keys.store_authority.certificate());
  const std::int64_t issued_at_s = facts->not_after_s - order.lifetime_s;
  const bool is_in_force = issued_at_s <= order.now_s && order.now_s < facts->not_after_s;
  return fits && is_in_force ? std::optional(issued_at_s) : std::nullopt;
}

Result<std::int64_t> keep_issued(const std::string& path,
                                 const ClusterKeys& keys,
                                 const auth::CertificateOrder& order) {
  const std::optional<std::int64_t> issued_at_s = find_issued(path, keys, order);
  if (issued_at_s.has_value() && order.now_s - *issued_at_s < kEtcdReissueSeconds) {
    return *issued_at_s;
  }
  const Result<void> issued = issue_to(path, keys, order);
  if (issued.has_value()) return order.now_s;
  if (!issued_at_s.has_value()) return issued.error();
  spdlog::warn("etcd: {}, ignoring", issued.error().message);
  return *issued_at_s;
}

Result<void> write_if_other(const std::string& path, const std::string& text) {
  const Result<std::string> old = read_file(path, kMaxAuthoritiesBytes);
  if (old.has_value() && *old == text) return {};
  return write_file_atomically(path, text, 0600);
}

}  // namespace

Json to_json(const EtcdSetup& setup) {
  return {{"name", setup.name},
          {"address", setup.address},
          {"initialCluster", setup.initial_cluster},
          {"isNew", setup.is_new},
          {"revisionBase", setup.revision_base},
          {"account", setup.account},
          {"homeRegion", setup.home_region}};
}

Result<EtcdSetup> parse_etcd_setup(const Json& json, const std::string& name) {
  EtcdSetup setup;
  JsonReader reader(json, name);
  reader.require("name", setup.name);
  reader.require("address", setup.address);
  reader.require("initialCluster", setup.initial_cluster);
  reader.require("isNew", setup.is_new);
  reader.require("revisionBase", setup.revision_base);
  reader.require("account", setup.account);
  reader.require("homeRegion", setup.home_region);
  IK_TRY(reader.done());
  return setup;
}

Result<std::optional<EtcdSetup>> load_etcd_setup(const std::string& directory) {
  const std::string path = setup_path(directory);
  const Result<std::string> text = read_file(path, kMaxSetupBytes);
  if (!text.has_value()) {
    if (text.error().kind == ErrorKind::kNotFound) return std::optional<EtcdSetup>();
    return text.error();
  }
  IK_LET(json, parse_json(*text).context("{}", path));
  IK_LET(setup, parse_etcd_setup(json, path));
  return std::optional<EtcdSetup>(std::move(setup));
}

Result<void> store_etcd_setup(const std::string& directory, const EtcdSetup& setup) {
  return write_file_atomically(setup_path(directory), to_json(setup).dump(2) + "\n", 0600);
}

std::string etcd_url(const std::string& address, std::uint16_t port) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return fmt::format("https://{}{}{}:{}", is_v6 ? "[" : "", address, is_v6 ? "]" : "", port);
}

Result<std::string> find_etcd() {
  const char* const set = ::getenv("PATH");
  for (const std::string_view folder : split(set == nullptr ? kStandardPath : set, ':')) {
    std::string candidate = fmt::format("{}/etcd", folder);
    if (folder.starts_with('/') && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return make_error(ErrorKind::kUnavailable,
                    "etcd is not on this host, and several managers need it: install the package "
                    "etcd-server");
}

std::vector<std::string> plan_etcd_arguments(const EtcdSetup& setup,
                                             const EtcdPorts& ports,
                                             const std::string& directory) {
  const std::string files = directory + "/etcd/";
  const std::string any = setup.address.find(':') != std::string::npos ? "::" : "0.0.0.0";
  return {"--name=" + setup.name,
          "--data-dir=" + files + "data",
          "--listen-client-urls=" + etcd_url(any, ports.client),
          "--advertise-client-urls=" + etcd_url(setup.address, ports.client),
          "--listen-peer-urls=" + etcd_url(any, ports.peer),
          "--initial-advertise-peer-urls=" + etcd_url(setup.address, ports.peer),
          "--initial-cluster=" + setup.initial_cluster,
          std::string("--initial-cluster-state=") + (setup.is_new ? "new" : "existing"),
          "--client-cert-auth",
          "--trusted-ca-file=" + files + "ca.pem",
          "--cert-file=" + files + "server.pem",
          "--key-file=" + files + "server.key",
          "--peer-client-cert-auth",
          "--peer-trusted-ca-file=" + files + "ca.pem",
          "--peer-cert-file=" + files + "server.pem",
          "--peer-key-file=" + files + "server.key",
          // A host may leave by another of its addresses.
          "--experimental-peer-skip-client-san-verification",
          "--snapshot-count=10000",
          "--logger=zap",
          "--log-level=error",
          "--log-outputs=stderr"};
}

Result<std::int64_t> write_etcd_certificates(const std::string& directory,
                                             const EtcdSetup& setup,
                                             const ClusterKeys& keys,
                                             std::int64_t now_s) {
  const std::string files = directory + "/etcd/";
  IK_TRY(make_directories(directory + "/etcd", 0700));
  IK_TRY(write_if_other(files + "ca.pem", joined_certificates(trusted_store_authorities(keys))));
  auth::CertificateOrder order{
      .identity = {.cluster = keys.cluster, .role = auth::NodeRole::kManager, .node = setup.name},
      .now_s = now_s};
  IK_LET(client, keep_issued(files + "client", keys, order));
  order.hosts = {setup.address, "localhost", "127.0.0.1", "::1"};
  IK_LET(server, keep_issued(files + "server", keys, order));
  return std::min(client, server);
}

EtcdTls etcd_tls(const std::string& directory) {
  const std::string files = directory + "/etcd/";
  return {.ca_file = files + "ca.pem",
          .certificate_file = files + "client.pem",
          .key_file = files + "client.key"};
}

void remove_etcd_files(const std::string& directory) {
  std::error_code ignored;
  // First what says that it is in force.
  std::filesystem::remove(setup_path(directory), ignored);
  std::filesystem::remove_all(directory + "/etcd", ignored);
}

}  // namespace ikada
