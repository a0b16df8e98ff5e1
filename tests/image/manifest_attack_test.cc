// Manifests, indexes and configs made to be read in two ways or to cost too much. A row's number is
// the case of the project's list of image attacks.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "image/config.h"
#include "image/manifest.h"
#include "image/reference.h"
#include "tests/image/resource_use.h"

namespace ikada {
namespace {

struct Row {
  std::string what;  // "I-18 …"
  std::string text;
  std::string code;  // Of the refusal; empty if it is taken.
};

template <typename Parse>
void check(const std::vector<Row>& rows, Parse parse) {
  for (const Row& row : rows) {
    CAPTURE(row.what);
    ResourceUse use;

    const auto result = parse(row.text);

    CHECK(use.cpu_ms() < 3000);
    CHECK(use.peak_growth_bytes() < (std::uint64_t{96} << 20));
    const std::string message = result.has_value() ? "" : result.error().message;
    CAPTURE(message);
    CHECK((result.has_value() ? "" : result.error().code) == row.code);
    CHECK(message.size() < 500);
  }
}

std::string repeated(const std::string& text, size_t count) {
  std::string all;
  all.reserve(text.size() * count);
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

const std::string kHex(64, 'a');

std::string descriptor(const std::string& digest = "sha256:" + kHex,
                       const std::string& size = "7",
                       const std::string& more = "") {
  return fmt::format(R"({{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{}",)"
                     R"("size":{}{}}})",
                     digest,
                     size,
                     more);
}

std::string manifest(const std::string& layer, const std::string& more = "") {
  return fmt::format(
      R"({{"schemaVersion":2,"config":{},"layers":[{}]{}}})", descriptor(), layer, more);
}

std::string config(const std::string& process, const std::string& more = "") {
  return fmt::format(R"({{"architecture":"amd64","os":"linux","config":{},)"
                     R"("rootfs":{{"type":"layers","diff_ids":[]}}{}}})",
                     process,
                     more);
}

const std::string kInvalid = "MANIFEST_INVALID";
const std::string kAmbiguous = "MANIFEST_AMBIGUOUS";
const std::string kDigestInvalid = "DIGEST_INVALID";
const std::string kConfig = "CONFIG_INVALID";

}  // namespace

TEST_CASE("hostile digests in a manifest are refused before they are used as a path or URL") {
  std::vector<Row> rows;
  for (const std::string& bad : {
           std::string(),
           std::string("sha256:"),
           "sha256:" + kHex.substr(1),
           "sha256:" + kHex + "a",
           "sha256:" + std::string(64, 'A'),
           "sha256:" + kHex.substr(3) + "/..",
           std::string("sha256:../../../../../../../../etc/shadow"),
           "sha256:" + kHex.substr(6) + "\\u0000/x",
           "sha256:" + kHex.substr(1) + "\\u0430",
           "sha256:" + kHex + "\\n",
           std::string("md5:d41d8cd98f00b204e9800998ecf8427e"),
           "sha512:" + kHex + kHex,
           "sha256:" + kHex + "?x=1",
           "sha256%3A" + kHex,
           "SHA256:" + kHex,
           "sha256+x:" + kHex,
       }) {
    rows.push_back({"I-17 layer digest " + bad, manifest(descriptor(bad)), kDigestInvalid});
  }
  check(rows, [](std::string_view text) { return parse_manifest(text, ""); });
}

TEST_CASE("hostile manifests mean one thing or nothing, and cost little") {
  const std::string layer = descriptor();
  check(
      {
          {"I-18 layers and manifests", manifest(layer, R"(,"manifests":[])"), kAmbiguous},
          {"I-18 layers and null manifests", manifest(layer, R"(,"manifests":null)"), kAmbiguous},
          {"I-18 a key twice", manifest(layer, R"(,"config":{})"), kInvalid},
          {"I-18 a key twice, once escaped", manifest(layer, R"(,"\u006cayers":[])"), kInvalid},
          {"I-18 a key twice in a descriptor",
           manifest(descriptor("sha256:" + kHex, "7", R"(,"size":8)")),
           kInvalid},
          {"I-18 a key in another case", manifest(layer, R"(,"Layers":[])"), kAmbiguous},
          {"I-18 another manifests in another case",
           manifest(layer, R"(,"Manifests":[])"),
           kAmbiguous},
          {"I-18 a digest in another case",
           manifest(descriptor("sha256:" + kHex, "7", R"(,"Digest":"sha256:b")")),
           kAmbiguous},
          {"I-18 signatures of schema 1",
           manifest(layer, R"(,"fsLayers":[],"signatures":[])"),
           kInvalid},
          {"I-18 depth 10,000, closed",
           manifest(layer, ",\"x\":" + repeated("[", 10'000) + repeated("]", 10'000)),
           kInvalid},
          {"I-18 depth of two million",
           repeated("[", 2'000'000) + repeated("]", 2'000'000),
           kInvalid},
          {"I-18 four million opened", repeated("[", kMaxManifestBytes), kInvalid},
          {"I-18 objects nested 500,000 deep", repeated("{\"a\":", 500'000), kInvalid},
          {"I-18 a million empty objects",
           manifest(layer, ",\"x\":[" + repeated("{},", 1'000'000) + "{}]"),
           kInvalid},
          {"I-18 two million numbers",
           manifest(layer, ",\"x\":[" + repeated("0,", 2'000'000) + "0]"),
           kInvalid},
          {"I-18 300,000 keys",
           [&] {
             std::string keys;
             for (int i = 0; i < 300'000; ++i) keys += fmt::format(",\"{:x}\":0", i);
             return manifest(layer, keys);
           }(),
           kInvalid},
          {"I-18 100 MiB", std::string(size_t{100} << 20, ' '), "MANIFEST_TOO_LARGE"},
          {"I-18 size 1e400", manifest(descriptor("sha256:" + kHex, "1e400")), kInvalid},
          {"I-18 size 1e2", manifest(descriptor("sha256:" + kHex, "1e2")), kInvalid},
          {"I-18 size -1", manifest(descriptor("sha256:" + kHex, "-1")), kInvalid},
          {"I-18 size -0", manifest(descriptor("sha256:" + kHex, "-0")), ""},
          {"I-18 size 2^63",
           manifest(descriptor("sha256:" + kHex, "9223372036854775808")),
           kInvalid},
          {"I-18 size 2^64",
           manifest(descriptor("sha256:" + kHex, "18446744073709551616")),
           kInvalid},
          {"I-18 size 01", manifest(descriptor("sha256:" + kHex, "01")), kInvalid},
          {"I-18 size as text", manifest(descriptor("sha256:" + kHex, "\"7\"")), kInvalid},
          {"I-18 schemaVersion 2.0", R"({"schemaVersion":2.0,"config":{},"layers":[]})", kInvalid},
          {"I-18 a byte order mark", "\xef\xbb\xbf" + manifest(layer), ""},
          {"I-18 broken UTF-8", manifest(layer, ",\"x\":\"\xff\xfe\""), kInvalid},
          {"I-18 half a surrogate", manifest(layer, R"(,"x":"\ud800")"), kInvalid},
          {"I-18 a comment", manifest(layer, "/* */"), kInvalid},
          {"I-18 something behind", manifest(layer) + "{}", kInvalid},
          {"I-18 NaN", manifest(layer, ",\"x\":NaN"), kInvalid},
          {"I-18 a media type with commands to a terminal",
           manifest(layer, R"(,"mediaType":"\u001b[2J")"),
           kInvalid},
          {"I-18 a media type of 100,000 bytes",
           manifest(layer, ",\"mediaType\":\"" + std::string(100'000, 'm') + "\""),
           kInvalid},
          {"I-19 data that is not the blob's is not used",
           manifest(descriptor("sha256:" + kHex, "7", R"(,"data":"AAAA")")),
           ""},
          {"I-21 urls are not used",
           manifest(descriptor("sha256:" + kHex,
                               "7",
                               R"(,"urls":["http://169.254.169.254/","file:///etc/shadow"])")),
           ""},
      },
      [](std::string_view text) { return parse_manifest(text, ""); });
}

TEST_CASE("hostile configs are refused") {
  std::string many_env = "\"A=b\"";
  for (int i = 0; i < 100'000; ++i) many_env += ",\"A=b\"";
  std::string many_volumes = "\"/v\":{}";
  for (int i = 0; i < 100'000; ++i) many_volumes += fmt::format(",\"/v{}\":{{}}", i);
  const auto user = [](const std::string& text) { return config(R"({"User":")" + text + "\"}"); };
  check(
      {
          {"I-20 100,000 variables", config("{\"Env\":[" + many_env + "]}"), kConfig},
          {"I-20 100,000 volumes", config("{\"Volumes\":{" + many_volumes + "}}"), kConfig},
          {"I-20 variable without =", config(R"({"Env":["HOME"]})"), kConfig},
          {"I-20 variable without name", config(R"({"Env":["=x"]})"), kConfig},
          {"I-20 empty variable", config(R"({"Env":[""]})"), kConfig},
          {"I-20 variable as a number", config(R"({"Env":[1]})"), kConfig},
          {"I-20 variables as an object", config(R"({"Env":{"A":"b"}})"), kConfig},
          {"I-20 command as text", config(R"({"Cmd":"sh"})"), kConfig},
          {"I-20 command of lists", config(R"({"Cmd":[["sh"]]})"), kConfig},
          {"I-20 entry point as a number", config(R"({"Entrypoint":7})"), kConfig},
          {"I-20 user as a number", config(R"({"User":0})"), kConfig},
          {"I-20 user of two lines", user("app\\nroot::0:0::/:/bin/sh"), kConfig},
          {"I-20 user with a carriage return", user("app\\rroot"), kConfig},
          {"I-20 user with NUL", user("app\\u0000root"), kConfig},
          {"I-20 user of 5000 bytes", user(std::string(5000, 'u')), kConfig},
          {"I-20 working directory of two lines", config(R"({"WorkingDir":"/a\n/b"})"), kConfig},
          {"I-20 stop signal of two lines", config(R"({"StopSignal":"9\n"})"), kConfig},
          {"I-20 volume with NUL", config(R"({"Volumes":{"/a\u0000b":{}}})"), kConfig},
          {"I-20 volume of two lines", config(R"({"Volumes":{"/a\n/b":{}}})"), kConfig},
          {"I-20 port of two lines", config(R"({"ExposedPorts":{"80/tcp\n":{}}})"), kConfig},
          {"I-20 volumes as a list", config(R"({"Volumes":["/a"]})"), kConfig},
          {"I-20 label as a number", config(R"({"Labels":{"a":1}})"), kConfig},
          {"I-20 labels as a list", config(R"({"Labels":["a=b"]})"), kConfig},
          {"I-20 a key twice", config("{}", R"(,"os":"windows")"), kConfig},
          {"I-20 a key twice in another case", config(R"({"User":"1000","user":"0"})"), kConfig},
          {"I-20 history as text", config("{}", R"(,"history":"x")"), kConfig},
          {"I-20 rootfs twice", config("{}", R"(,"rootfs":{})"), kConfig},
          {"I-20 rootfs of another type",
           R"({"architecture":"amd64","os":"linux","rootfs":{"type":"disk","diff_ids":[]}})",
           kConfig},
          {"I-20 diff_ids with a path",
           R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers",)"
           R"("diff_ids":["sha256:../../x"]}})",
           kConfig},
          {"I-20 no os",
           R"({"architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}})",
           kConfig},
          {"I-20 depth", repeated("[", 3'000'000), kConfig},
          {"I-20 a script", "#!/bin/sh\n", kConfig},
          {"I-20 nothing", "", kConfig},
      },
      [](std::string_view text) { return parse_image_config(text); });
}

}  // namespace ikada
