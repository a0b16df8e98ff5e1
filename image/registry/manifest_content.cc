#include "image/registry/manifest_content.h"

#include <array>

#include "image/manifest.h"
#include "image/registry/failure.h"
#include "runtime/base/text.h"

namespace ikada::registry {
namespace {

constexpr size_t kShownTypeLength = 100;
constexpr size_t kMaxMediaTypeBytes = 255;
constexpr std::int64_t kSchemaVersion = 2;
constexpr JsonLimits kLimits = {.max_bytes = kMaxManifestContentBytes, .max_depth = 32};

Error invalid(std::string_view what) { return api_error(kManifestInvalid, "manifest: {}", what); }

bool is_index_type(std::string_view type) {
  return type == kOciIndexType || type == kDockerListType;
}

bool is_manifest_type(std::string_view type) {
  return type == kOciManifestType || type == kDockerManifestType;
}

// The type that text, content and Content-Type agree on.
Result<std::string> agreed_type(JsonReader& reader, std::string_view content_type, bool is_index) {
  std::string declared;
  reader.read("mediaType", declared);
  IK_TRY(reader.done());
  const std::string sent = lower_case(trim(cut(content_type, ';').before));
  const bool says_something =
      !sent.empty() && sent != "application/octet-stream" && sent != "application/json";
  if (!declared.empty() && says_something && sent != declared) {
    return invalid(fmt::format("its mediaType is {}, its Content-Type {}",
                               declared.substr(0, kShownTypeLength),
                               sent.substr(0, kShownTypeLength)));
  }
  std::string type = declared.empty() && says_something ? sent : declared;
  if (type.empty()) type = is_index ? kOciIndexType : kOciManifestType;
  if (!is_index_type(type) && !is_manifest_type(type)) {
    return invalid(fmt::format("unsupported type {}", type.substr(0, kShownTypeLength)));
  }
  if (is_index_type(type) != is_index) {
    return invalid(fmt::format("{} is not what it contains", type));
  }
  // Docker's types must be declared: whoever reads it later has only the text.
  if (declared.empty() && type != kOciIndexType && type != kOciManifestType) {
    return invalid(fmt::format("{} needs a mediaType field", type));
  }
  return type;
}

struct ParsedDescriptor {
  ContentReference reference;
  std::string media_type;
  bool is_foreign = false;
};

Result<ParsedDescriptor> read_descriptor(JsonReader& reader) {
  ParsedDescriptor parsed;
  std::string digest;
  std::vector<std::string> urls;
  reader.require("digest", digest);
  reader.require("size", parsed.reference.size_bytes);
  reader.read("mediaType", parsed.media_type);
  reader.read("urls", urls);
  const Result<void> read = reader.done();
  if (!read.has_value()) return invalid(read.error().message);
  if (parsed.media_type.size() > kMaxMediaTypeBytes) return invalid("a mediaType is too long");
  IK_LET(checked, ContentDigest::parse(digest));
  parsed.reference.digest = std::move(checked);
  parsed.is_foreign = !urls.empty();
  return parsed;
}

Result<void> read_list(JsonReader& reader,
                       std::string_view key,
                       bool are_manifests,
                       ManifestContent& content) {
  const Json* list = reader.find(key);
  if (list == nullptr || !list->is_array()) return invalid(fmt::format("{}: missing", key));
  if (list->size() > kMaxReferences) {
    return invalid(fmt::format("{}: more than {}", key, kMaxReferences));
  }
  for (JsonReader& each : reader.objects(key)) {
    IK_LET(parsed, read_descriptor(each));
    if (parsed.is_foreign) continue;
    parsed.reference.is_manifest = are_manifests;
    content.references.push_back(std::move(parsed.reference));
  }
  const Result<void> read = reader.done();
  if (!read.has_value()) return invalid(read.error().message);
  return {};
}

Result<void> read_config(JsonReader& reader, ManifestContent& content) {
  const Json* config = reader.find("config");
  if (config == nullptr || !config->is_object()) return invalid("config: missing");
  JsonReader descriptor = reader.object("config");
  IK_LET(parsed, read_descriptor(descriptor));
  if (content.artifact_type.empty()) content.artifact_type = parsed.media_type;
  content.references.push_back(std::move(parsed.reference));
  return {};
}

Result<void> read_subject(JsonReader& reader, ManifestContent& content) {
  if (reader.find("subject") == nullptr) return {};
  JsonReader descriptor = reader.object("subject");
  IK_LET(parsed, read_descriptor(descriptor));
  content.subject = std::move(parsed.reference.digest);
  return {};
}

}  // namespace

Result<ManifestContent> parse_manifest_content(std::string_view text,
                                               std::string_view content_type) {
  const Result<Json> json = parse_json(text, kLimits);
  if (!json.has_value()) return invalid(json.error().message);
  if (!json->is_object()) return invalid("expected an object");
  JsonReader reader(*json, "content");
  std::int64_t version = 0;
  reader.require("schemaVersion", version);
  const bool is_index = json->contains("manifests");
  if (is_index && (json->contains("layers") || json->contains("config"))) {
    return invalid("it has both layers and manifests");
  }
  if (json->contains("fsLayers") || version == 1) {
    return invalid("Docker's image format of 2015 (schema 1) is not supported");
  }
  if (version != kSchemaVersion) return invalid("schemaVersion: expected 2");
  ManifestContent content;
  Result<std::string> type = agreed_type(reader, content_type, is_index);
  if (!type.has_value()) {
    return type.error().code.empty() ? invalid(type.error().message) : type.error();
  }
  content.media_type = std::move(*type);
  reader.read("artifactType", content.artifact_type);
  std::map<std::string, std::string> annotations;
  reader.read("annotations", annotations);
  const Result<void> read = reader.done();
  if (!read.has_value()) return invalid(read.error().message);
  if (!annotations.empty()) content.annotations = annotations;
  if (content.artifact_type.size() > kMaxMediaTypeBytes) return invalid("artifactType: too long");
  if (is_index) {
    IK_TRY(read_list(reader, "manifests", true, content));
  } else {
    IK_TRY(read_config(reader, content));
    IK_TRY(read_list(reader, "layers", false, content));
  }
  IK_TRY(read_subject(reader, content));
  return content;
}

Json referrer_descriptor(const ManifestContent& content,
                         const ContentDigest& digest,
                         std::uint64_t size_bytes) {
  Json descriptor = {
      {"mediaType", content.media_type}, {"digest", digest.text()}, {"size", size_bytes}};
  if (!content.artifact_type.empty()) descriptor["artifactType"] = content.artifact_type;
  if (!content.annotations.is_null()) descriptor["annotations"] = content.annotations;
  return descriptor;
}

}  // namespace ikada::registry
