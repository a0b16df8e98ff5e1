#include "image/reference.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

const std::string kHex(64, 'a');

TEST_CASE("parse_reference brings names into docker's normal form") {
  struct Row {
    std::string text;
    std::string canonical;
    std::string familiar;
  };
  const Row rows[] = {
      {"nginx", "docker.io/library/nginx:latest", "nginx:latest"},
      {"nginx:1.25", "docker.io/library/nginx:1.25", "nginx:1.25"},
      {"library/nginx", "docker.io/library/nginx:latest", "nginx:latest"},
      {"docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"},
      {"index.docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"},
      {"team/app", "docker.io/team/app:latest", "team/app:latest"},
      {"docker.io/ker.io/a", "docker.io/ker.io/a:latest", "docker.io/ker.io/a:latest"},
      {"docker.io/localhost/a", "docker.io/localhost/a:latest", "docker.io/localhost/a:latest"},
      {"library/" + kHex, "docker.io/library/" + kHex + ":latest", "library/" + kHex + ":latest"},
      {"library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"},
      {"ghcr.io/team/app:2", "ghcr.io/team/app:2", "ghcr.io/team/app:2"},
      {"localhost/app", "localhost/app:latest", "localhost/app:latest"},
      {"localhost:5000/web", "localhost:5000/web:latest", "localhost:5000/web:latest"},
      {"127.0.0.1:65535/a/b/c:T_-.1", "127.0.0.1:65535/a/b/c:T_-.1", "127.0.0.1:65535/a/b/c:T_-.1"},
      {"[::1]:5000/web", "[::1]:5000/web:latest", "[::1]:5000/web:latest"},
      {"Registry/app", "Registry/app:latest", "Registry/app:latest"},
      {"a__b/c--d/e.f", "docker.io/a__b/c--d/e.f:latest", "a__b/c--d/e.f:latest"},
      {"nginx@sha256:" + kHex, "docker.io/library/nginx@sha256:" + kHex, "nginx@sha256:" + kHex},
      {"nginx:1@sha256:" + kHex,
       "docker.io/library/nginx:1@sha256:" + kHex,
       "nginx:1@sha256:" + kHex},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Result<Reference> reference = parse_reference(row.text);
    REQUIRE(reference.has_value());
    CHECK(reference->canonical() == row.canonical);
    CHECK(reference->familiar() == row.familiar);
    CHECK(parse_reference(reference->canonical())->canonical() == row.canonical);
    CHECK(parse_reference(reference->familiar())->canonical() == row.canonical);
  }
  CHECK(parse_reference("quay.io/a/b:c")->familiar_name() == "quay.io/a/b");
}

TEST_CASE("parse_reference refuses what is outside the grammar") {
  const std::string rows[] = {
      "",
      "/",
      "/nginx",
      "nginx/",
      "a//b",
      ":tag",
      "nginx:",
      "nginx:-1",
      "nginx:.1",
      "nginx:a/b",
      "nginx:" + std::string(129, 'a'),
      "nginx:t ag",
      "Nginx",
      "nginx/Web",
      "-nginx",
      "nginx-",
      "a..b/c/d",
      "a___b",
      "a._b",
      "../etc/passwd",
      "docker.io/../x",
      "a/./b",
      "a/%2e%2e/b",
      "user@host/app",
      "user:secret@host/app",
      "https://example.com/app",
      "host:99999/app",
      "host:0/app",
      "host:port/app",
      "host:/app",
      "-host.example/app",
      "host-.example/app",
      ".example/app",
      "[::1/app",
      "[fe80::1%25eth0]/app",
      "a\u3002b/app",
      "nginx\n",
      " nginx",
      "nginx?x=1",
      "nginx#x",
      kHex,
      std::string(256, 'a'),
      std::string(5120, 'a'),
      "nginx@sha256:" + std::string(63, 'a'),
      "nginx@",
      "nginx@sha256:" + kHex + "@sha256:" + kHex,
      std::string("ngi\0nx", 6),
  };
  for (const std::string& text : rows) {
    CAPTURE(text);
    const Result<Reference> reference = parse_reference(text);
    REQUIRE(!reference.has_value());
    CHECK(reference.error().kind == ErrorKind::kInvalid);
    CHECK((reference.error().code == "REFERENCE_INVALID" ||
           reference.error().code == "DIGEST_INVALID"));
  }
  CHECK(parse_reference("team/App").error().message.find("must be lowercase") != std::string::npos);
}

TEST_CASE("parse_registry takes hosts and docker's URLs") {
  CHECK(parse_registry("docker.io").value() == "docker.io");
  CHECK(parse_registry("https://index.docker.io/v1/").value() == "docker.io");
  CHECK(parse_registry("http://localhost:5000/").value() == "localhost:5000");
  CHECK(parse_registry("registry.example.com").value() == "registry.example.com");
  for (const char* bad : {"", "a b", "host:x", "user@host", "https://", "..", "ftp://host"}) {
    CAPTURE(bad);
    CHECK(!parse_registry(bad).has_value());
  }
}

}  // namespace
}  // namespace ikada
