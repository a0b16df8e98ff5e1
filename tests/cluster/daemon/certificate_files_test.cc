#include "cluster/daemon/certificate_files.h"

#include <sys/stat.h>

#include <doctest/doctest.h>

#include "cluster/api/vault.h"
#include "runtime/sys/file.h"
#include "tests/runtime/sys/scratch_directory.h"

namespace ikada {
namespace {

const Scope kFilesScope{.account = "1", .region = "r"};

// A state with a certificate, and a listener that names it and a file.
struct FilesBench {
  ScratchDirectory scratch;
  State state;
  ApiOptions options;
  std::int64_t revision = 0;

  FilesBench() {
    std::vector<SealingKey> keys;
    keys.push_back(Vault::derive_key(auth::Secret("authority")));
    options.vault = std::make_shared<Vault>(SealingKeys(std::move(keys)));
    options.certificates = scratch.path;
    scratch.write("web.pem", "the operator's");
    put("one", "PEM1\n");
    listen({certificate_arn(kFilesScope, "one"),
            certificate_arn(kFilesScope, "web"),
            certificate_arn(kFilesScope, "none")});
  }

  void apply(const std::string& key, const Json& record) {
    REQUIRE(state.apply(key, record.dump(), ++revision).has_value());
  }

  void put(const std::string& id, const std::string& pem) {
    const ServerCertificate record{
        .id = id,
        .domain = "a.b",
        .certificate = pem,
        .chain = "CHAIN\n",
        .sealed_key = *options.vault->seal(sealed_key_name_of(id), "KEY\n")};
    apply(certificate_key(kFilesScope, id), to_json(record));
  }

  void listen(const std::vector<std::string>& arns) {
    apply(listener_key(kFilesScope, "web", "1"),
          to_json(Listener{.balancer = "web", .id = "1", .certificates = arns}));
  }

  std::string directory() const { return scratch.at("issued"); }
};

ino_t file_number(const std::string& path) {
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  CHECK((found.st_mode & 07777) == 0600);
  return found.st_ino;
}

TEST_CASE("certificates that listeners name are files for root alone, beside the operator's") {
  FilesBench bench;
  CertificateFiles files(bench.directory());

  const auto found = files.update(bench.state, bench.options);

  const std::string path = bench.directory() + "/one.pem";
  REQUIRE(found.size() == 2);
  CHECK(found.at(certificate_arn(kFilesScope, "one")) == path);
  CHECK(found.at(certificate_arn(kFilesScope, "web")) == bench.scratch.at("web.pem"));
  CHECK(*read_file(path) == "PEM1\nKEY\n");
  file_number(path);
}

TEST_CASE("a file is written anew when the certificate is another, and only then") {
  FilesBench bench;
  const std::string path = bench.directory() + "/one.pem";
  CertificateFiles(bench.directory()).update(bench.state, bench.options);
  const ino_t first = file_number(path);

  CertificateFiles again(bench.directory());
  again.update(bench.state, bench.options);
  bench.put("one", "PEM1\n");
  again.update(bench.state, bench.options);
  CHECK(file_number(path) == first);
  bench.put("one", "PEM2\n");
  again.update(bench.state, bench.options);

  CHECK(*read_file(path) == "PEM2\nKEY\n");
}

TEST_CASE("what no listener names any more goes, and what a killed daemon left half written") {
  FilesBench bench;
  CertificateFiles files(bench.directory());
  files.update(bench.state, bench.options);
  bench.scratch.write("issued/one.pem.tmp", "half");

  bench.listen({});
  CHECK(files.update(bench.state, bench.options).empty());
  CHECK(list_directory(bench.directory())->empty());

  bench.listen({certificate_arn(kFilesScope, "one")});
  CHECK(files.update(bench.state, bench.options).size() == 1);
  files.remove();
  CHECK_FALSE(list_directory(bench.directory()).has_value());
}

TEST_CASE("a key that cannot be opened leaves the file that is there") {
  FilesBench bench;
  CertificateFiles files(bench.directory());
  files.update(bench.state, bench.options);
  bench.put("one", "PEM2\n");
  std::vector<SealingKey> keys;
  keys.push_back(Vault::derive_key(auth::Secret("another")));
  bench.options.vault = std::make_shared<Vault>(SealingKeys(std::move(keys)));

  CHECK(files.update(bench.state, bench.options).size() == 2);
  CHECK(*read_file(bench.directory() + "/one.pem") == "PEM1\nKEY\n");
}

}  // namespace
}  // namespace ikada
