// What this manager's member of etcd is and needs: STATE/cluster/etcd.json and STATE/cluster/etcd/.
//
//   etcd.json                 this host's store is etcd; without it, it is SQLite (store.db)
//   {"name": the node's id, "address": where others reach it,
//    "initialCluster": "NAME=URL,…" of the members when it came, "isNew": whether it was the first,
//    "revisionBase": the SQLite store's last revision, "account", "homeRegion": the cluster's}
//   etcd/data/                etcd's own
//   etcd/ca.pem, server.pem, server.key, client.pem, client.key   of the store's authority, 0600
//
// The server's certificate is good for clients too, because etcd's gateway is a client of etcd and
// shows it; the client's has no addresses, because etcd compares those with where a client is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/node/membership.h"
#include "cluster/store/etcd_client.h"

namespace ikada {

struct EtcdPorts {
  std::uint16_t client = 7443;
  std::uint16_t peer = 7444;
};

struct EtcdSetup {
  std::string name;
  std::string address;
  std::string initial_cluster;
  bool is_new = false;
  Revision revision_base = 0;
  std::string account;
  std::string home_region;
};

Json to_json(const EtcdSetup& setup);
Result<EtcdSetup> parse_etcd_setup(const Json& json, const std::string& name);
// Nothing if there is none: the store is SQLite.
Result<std::optional<EtcdSetup>> load_etcd_setup(const std::string& directory);
Result<void> store_etcd_setup(const std::string& directory, const EtcdSetup& setup);

// "https://192.0.2.1:7444", "https://[2001:db8::1]:7444".
std::string etcd_url(const std::string& address, std::uint16_t port);

// The program's absolute path in PATH. kUnavailable, and the package's name, if there is none.
Result<std::string> find_etcd();

// What etcd is started with, without its own name. Pure.
std::vector<std::string> plan_etcd_arguments(const EtcdSetup& setup,
                                             const EtcdPorts& ports,
                                             const std::string& directory);

// How old a certificate becomes until another one is issued: a third of its life.
inline constexpr std::int64_t kEtcdReissueSeconds = auth::kNodeCertificateSeconds / 3;

// Issues both certificates; etcd reads them at each handshake. And whom it trusts from its next
// start on. What is there and fits stays, so that a start needs no room on the disk; one that is
// only due stays where there is none. The time when the older one was issued.
Result<std::int64_t> write_etcd_certificates(const std::string& directory,
                                             const EtcdSetup& setup,
                                             const ClusterKeys& keys,
                                             std::int64_t now_s);
EtcdTls etcd_tls(const std::string& directory);

// Whatever a move that was broken off has left, or a cluster that was left.
void remove_etcd_files(const std::string& directory);

}  // namespace ikada
