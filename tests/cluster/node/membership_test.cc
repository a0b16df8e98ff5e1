#include "cluster/node/membership.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <doctest/doctest.h>

#include "cluster/node/admission.h"
#include "runtime/base/atomic_file.h"

namespace ikada {
namespace {

constexpr std::int64_t kNowSeconds = 1'800'000'000;

struct Directory {
  Directory() { path = ::mkdtemp(name); }
  ~Directory() { std::filesystem::remove_all(path); }
  char name[32] = "/tmp/membership-XXXXXX";
  std::string path;
};

TEST_CASE("what a host keeps is read again, and only its owner may read it") {
  const Directory directory;
  const std::string path = directory.path + "/node.json";
  CHECK_FALSE(load_membership(path)->has_value());
  const ClusterKeys keys = *create_cluster_keys(kNowSeconds);
  JoinKeys own;
  JoinRequest request = *make_join_request(own);
  request.name = "host";
  request.address = "192.0.2.2";
  const Admitted admitted = *admit_node(
      keys,
      request,
      {.id = std::string(32, 'b'), .now = {kNowSeconds * 1000}, .managers = {"192.0.2.1:7442"}});
  const Membership membership =
      *take_answer(admitted.answer, std::move(own), request, keys.authority.certificate());

  REQUIRE(store_membership(path, membership).has_value());
  const Result<std::optional<Membership>> loaded = load_membership(path);

  REQUIRE(loaded.has_value());
  REQUIRE(loaded->has_value());
  CHECK((*loaded)->identity == membership.identity);
  CHECK((*loaded)->managers == membership.managers);
  CHECK((*loaded)->credentials.key.reveal() == membership.credentials.key.reveal());
  CHECK((*loaded)->gossip.key == membership.gossip.key);
  CHECK((*loaded)->gossip.packet_keys == keys.packet_keys);
  CHECK((*loaded)->gossip.admission == membership.gossip.admission);
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("the cluster's keys are read again") {
  const Directory directory;
  const std::string path = directory.path + "/authority.json";
  CHECK_FALSE(load_cluster_keys(path)->has_value());
  const ClusterKeys keys = *create_cluster_keys(kNowSeconds);
  REQUIRE(store_cluster_keys(path, keys).has_value());
  const ClusterKeys loaded = **load_cluster_keys(path);
  CHECK(loaded.cluster == keys.cluster);
  CHECK(loaded.authority.certificate() == keys.authority.certificate());
  CHECK(loaded.gossip_authority == keys.gossip_authority);
}

TEST_CASE("files that are damaged are named") {
  const Directory directory;
  const std::string path = directory.path + "/node.json";
  for (const char* text : {"", "{}", "[]", R"({"name":"a"})"}) {
    CAPTURE(text);
    REQUIRE(write_file_atomically(path, text, 0600).has_value());
    const Result<std::optional<Membership>> loaded = load_membership(path);
    REQUIRE_FALSE(loaded.has_value());
    CHECK(loaded.error().message.starts_with(path));
  }
}

}  // namespace
}  // namespace ikada
