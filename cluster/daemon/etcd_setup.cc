#include "cluster/daemon/etcd_setup.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "cluster/node/authority_exchange.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/json.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxSetupBytes = size_t{64} << 10;
constexpr const char* kStandardPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string setup_path(const std::string& directory) { return directory + "/etcd.json"; }

Result<void> issue_to(const std::string& path,
                      const ClusterKeys& keys,
                      const EtcdSetup& setup,
                      std::vector<std::string> hosts,
                      std::int64_t now_s) {
  const auth::Secret key = auth::generate_private_key();
  IK_LET(request, auth::create_certificate_request(key));
  IK_LET(certificate,
         keys.store_authority.issue(request,
                                    {.identity = {.cluster = keys.cluster,
                                                  .role = auth::NodeRole::kManager,
                                                  .node = setup.name},
                                     .hosts = std::move(hosts),
                                     .now_s = now_s}));
  // The pair changes in two steps; a handshake between them fails and is made again.
  IK_TRY(write_file_atomically(path + ".key", std::string(key.reveal()), 0600));
  return write_file_atomically(path + ".pem", certificate, 0600);
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

Result<void> write_etcd_certificates(const std::string& directory,
                                     const EtcdSetup& setup,
                                     const ClusterKeys& keys,
                                     std::int64_t now_s) {
  const std::string files = directory + "/etcd/";
  IK_TRY(make_directories(directory + "/etcd", 0700));
  IK_TRY(write_file_atomically(
      files + "ca.pem", joined_certificates(trusted_store_authorities(keys)), 0600));
  IK_TRY(issue_to(
      files + "server", keys, setup, {setup.address, "localhost", "127.0.0.1", "::1"}, now_s));
  return issue_to(files + "client", keys, setup, {}, now_s);
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
