#include "cluster/daemon/api_keys.h"

#include "runtime/base/atomic_file.h"
#include "runtime/base/json.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxKeyFileBytes = 4096;

Result<auth::AccessKey> parse_key(const std::string& text, const std::string& path) {
  IK_LET(json, parse_json(text).context("{}", path));
  std::string secret;
  auth::AccessKey key;
  JsonReader reader(json, path);
  reader.require("accessKeyId", key.id);
  reader.require("secretAccessKey", secret);
  reader.require("principal", key.principal);
  IK_TRY(reader.done());
  key.secret = auth::Secret(std::move(secret));
  return key;
}

}  // namespace

Result<auth::AccessKey> load_or_create_access_key(const std::string& path,
                                                  const std::string& account) {
  const Result<std::string> text = read_file(path, kMaxKeyFileBytes);
  if (text.has_value()) return parse_key(*text, path);
  if (text.error().kind != ErrorKind::kNotFound) return text.error();
  auth::AccessKey key = auth::generate_access_key(auth::AccessKeyKind::kLongTerm);
  key.principal = "arn:aws:iam::" + account + ":root";
  const Json json = {{"accessKeyId", key.id},
                     {"secretAccessKey", std::string(key.secret.reveal())},
                     {"principal", key.principal}};
  IK_TRY(write_file_atomically(path, json.dump() + "\n", 0600));
  return key;
}

}  // namespace ikada
