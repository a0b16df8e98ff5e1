#include "cluster/daemon/etcd_setup.h"

#include <unistd.h>

#include <filesystem>

#include <doctest/doctest.h>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::int64_t kNow = 1'800'000'000;

struct Directory {
  Directory() { path = ::mkdtemp(name); }
  ~Directory() { std::filesystem::remove_all(path); }
  char name[32] = "/tmp/etcd-setup-XXXXXX";
  std::string path;
};

EtcdSetup make_setup() {
  return {.name = std::string(32, 'a'),
          .address = "192.0.2.1",
          .initial_cluster = std::string(32, 'a') + "=https://192.0.2.1:7444",
          .is_new = true,
          .revision_base = 1'000'000'007,
          .account = "123456789012",
          .home_region = "eu-central-1"};
}

bool has(const std::vector<std::string>& arguments, const std::string& one) {
  return std::find(arguments.begin(), arguments.end(), one) != arguments.end();
}

TEST_CASE("what etcd is started with says who may speak to it") {
  const std::vector<std::string> arguments = plan_etcd_arguments(make_setup(), {}, "/c");

  CHECK(has(arguments, "--client-cert-auth"));
  CHECK(has(arguments, "--peer-client-cert-auth"));
  CHECK(has(arguments, "--trusted-ca-file=/c/etcd/ca.pem"));
  CHECK(has(arguments, "--peer-trusted-ca-file=/c/etcd/ca.pem"));
  CHECK(has(arguments, "--advertise-client-urls=https://192.0.2.1:7443"));
  CHECK(has(arguments, "--initial-advertise-peer-urls=https://192.0.2.1:7444"));
  CHECK(has(arguments, "--initial-cluster-state=new"));
}

TEST_CASE("one that comes later joins what is there, also at an IPv6 address") {
  EtcdSetup setup = make_setup();
  setup.address = "2001:db8::1";
  setup.is_new = false;

  const std::vector<std::string> arguments =
      plan_etcd_arguments(setup, {.client = 17443, .peer = 17444}, "/c");

  CHECK(has(arguments, "--listen-client-urls=https://[::]:17443"));
  CHECK(has(arguments, "--advertise-client-urls=https://[2001:db8::1]:17443"));
  CHECK(has(arguments, "--initial-cluster-state=existing"));
}

TEST_CASE("the setup is read as it was written, and says nothing where there is none") {
  const Directory directory;
  CHECK_FALSE(load_etcd_setup(directory.path)->has_value());

  REQUIRE(store_etcd_setup(directory.path, make_setup()).has_value());

  const EtcdSetup read = **load_etcd_setup(directory.path);
  CHECK(to_json(read) == to_json(make_setup()));
  remove_etcd_files(directory.path);
  CHECK_FALSE(load_etcd_setup(directory.path)->has_value());
}

TEST_CASE("etcd's certificates are of an authority that no worker's is of") {
  const Directory directory;
  const ClusterKeys keys = *create_cluster_keys(kNow);

  REQUIRE(write_etcd_certificates(directory.path, make_setup(), keys, kNow).has_value());

  const EtcdTls tls = etcd_tls(directory.path);
  const std::string authority = *read_file(tls.ca_file, 65536);
  CHECK(authority == keys.store_authority.certificate());
  CHECK(authority != keys.authority.certificate());
  const auth::CertificateFacts client =
      *auth::read_certificate(*read_file(tls.certificate_file, 65536));
  CHECK(client.identity.role == auth::NodeRole::kManager);
  CHECK(client.not_after_s == kNow + auth::kNodeCertificateSeconds);
  CHECK((std::filesystem::status(tls.key_file).permissions() & std::filesystem::perms::mask) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("certificates that fit stay, so that a start needs no room for others") {
  const Directory directory;
  const ClusterKeys keys = *create_cluster_keys(kNow);
  const auto write = [&](const EtcdSetup& setup, const ClusterKeys& with, std::int64_t now_s) {
    return write_etcd_certificates(directory.path, setup, with, now_s).value();
  };
  const auto read = [&](const std::string& name) {
    return *read_file(directory.path + "/etcd/" + name, 65536);
  };
  const std::int64_t late = kNow + kEtcdReissueSeconds;
  CHECK(write(make_setup(), keys, kNow) == kNow);
  const std::string server = read("server.pem");
  const std::string client = read("client.pem");

  CHECK(write(make_setup(), keys, late - 1) == kNow);
  CHECK(read("server.pem") == server);
  CHECK(read("client.pem") == client);

  SUBCASE("another address is the server's only") {
    EtcdSetup moved = make_setup();
    moved.address = "192.0.2.2";
    CHECK(write(moved, keys, kNow + 1) == kNow);
    CHECK(read("server.pem") != server);
    CHECK(read("client.pem") == client);
  }
  SUBCASE("another name") {
    EtcdSetup renamed = make_setup();
    renamed.name = std::string(32, 'b');
    CHECK(write(renamed, keys, kNow + 1) == kNow + 1);
  }
  SUBCASE("another authority") {
    ClusterKeys other = *create_cluster_keys(kNow);
    other.cluster = keys.cluster;
    CHECK(write(make_setup(), other, kNow + 1) == kNow + 1);
  }
  SUBCASE("a third of the time is over") {
    CHECK(write(make_setup(), keys, late) == late);
    CHECK(read("server.pem") != server);
  }
  SUBCASE("the key is another one's") {
    std::filesystem::copy_file(directory.path + "/etcd/client.key",
                               directory.path + "/etcd/server.key",
                               std::filesystem::copy_options::overwrite_existing);
    CHECK(write(make_setup(), keys, kNow + 1) == kNow);
    CHECK(read("server.pem") != server);
  }
  SUBCASE("one that is due stays where no other can be written") {
    const std::string place = directory.path + "/etcd/server.key.tmp";
    std::filesystem::create_directories(place + "/in the way");
    CHECK(write(make_setup(), keys, late) == kNow);
    CHECK(read("server.pem") == server);
    CHECK(read("client.pem") != client);
  }
}

}  // namespace
}  // namespace ikada
