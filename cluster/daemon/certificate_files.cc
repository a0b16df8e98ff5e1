#include "cluster/daemon/certificate_files.h"

#include <unistd.h>

#include <set>

#include <spdlog/spdlog.h>

#include "cluster/api/vault.h"
#include "cluster/model/balancer_arn.h"
#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxPem = size_t{1} << 20;

bool is_readable(const std::string& path) { return ::access(path.c_str(), R_OK) == 0; }

}  // namespace

std::string CertificateFiles::path_of(const std::string& id) const {
  return fmt::format("{}/{}.pem", directory_, id);
}

Result<void> CertificateFiles::write(const ServerCertificate& certificate,
                                     const ApiOptions& options) const {
  if (options.vault == nullptr) return make_error(ErrorKind::kUnavailable, "no keys to open it");
  IK_LET(key,
         options.vault->open(sealed_key_name_of(certificate.id), certificate.sealed_key)
             .context("its private key"));
  // The authority's own certificate is what clients have.
  const std::string& chain = certificate.is_imported ? certificate.chain : "";
  const auth::Secret text(fmt::format("{}{}{}", certificate.certificate, chain, key.reveal()));
  const std::string path = path_of(certificate.id);
  const Result<std::string> old = read_file(path, kMaxPem);
  if (old.has_value() && *old == text.reveal()) return {};
  IK_TRY(make_directories(directory_, 0700));
  return write_file_atomically(path, text.reveal(), 0600, Durability::kVolatile);
}

void CertificateFiles::keep(const Kept<ServerCertificate>& certificate, const ApiOptions& options) {
  const std::string& id = certificate.value.id;
  const auto written = written_.find(id);
  const bool is_there = written != written_.end() && written->second == certificate.revision &&
                        is_readable(path_of(id));
  if (is_there) return;
  const Result<void> done = write(certificate.value, options);
  std::string complaint = done.has_value() ? "" : done.error().message;
  if (done.has_value()) written_[id] = certificate.revision;
  if (!complaint.empty() && complaints_[id] != complaint) {
    spdlog::error("certificate {}: {}, retrying", id, complaint);
  }
  complaints_[id] = std::move(complaint);
}

std::map<std::string, std::string> CertificateFiles::update(const State& state,
                                                            const ApiOptions& options) {
  std::map<std::string, std::string> files;
  for (const auto& [text, scope] : state.scopes()) {
    for (const auto& [balancer, listeners] : scope.listeners) {
      for (const auto& [listener, kept] : listeners) {
        for (const std::string& arn : kept.value.certificates) {
          const std::optional<std::string> name = certificate_name_of(arn, scope.scope);
          if (!name.has_value() || files.contains(arn)) continue;
          const auto record = scope.certificates.find(*name);
          const bool is_record = record != scope.certificates.end();
          if (is_record) keep(record->second, options);
          std::string path =
              is_record ? path_of(*name) : fmt::format("{}/{}.pem", options.certificates, *name);
          if (is_readable(path)) files.emplace(arn, std::move(path));
        }
      }
    }
  }
  if (files != last_) remove_others(files);
  last_ = files;
  return files;
}

// Of listeners that are gone, and what a daemon that was killed has left half written.
void CertificateFiles::remove_others(const std::map<std::string, std::string>& files) {
  std::set<std::string> wanted;
  for (const auto& [arn, path] : files) wanted.insert(path);
  const Result<std::vector<std::string>> names = list_directory(directory_);
  if (!names.has_value()) return;
  for (const std::string& name : *names) {
    const std::string path = fmt::format("{}/{}", directory_, name);
    if (!wanted.contains(path)) ::unlink(path.c_str());
  }
  std::erase_if(written_, [&](const auto& each) { return !wanted.contains(path_of(each.first)); });
}

void CertificateFiles::remove() {
  const Result<void> removed = remove_tree(directory_);
  if (!removed.has_value()) spdlog::warn("{}, ignoring", removed.error().message);
  written_.clear();
}

}  // namespace ikada
