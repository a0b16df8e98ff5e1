// The certificates of listeners, as the files that HAProxy reads: those that are records are
// written to RUN/certificates/ID.pem, certificate, chain and key, for root alone; the directory is
// in memory, and holds no others. Those that are the operator's own files stay where they are.
//
// A file that has not changed is not written again, and so no reload follows.
#pragma once

#include <map>
#include <string>

#include "cluster/api/api_call.h"
#include "cluster/state/state.h"

namespace ikada {

class CertificateFiles {
 public:
  explicit CertificateFiles(std::string directory) : directory_(std::move(directory)) {}

  // By ARN, those of all listeners that are there. What cannot be written is logged, once, and
  // tried again with the next call; an older file stays.
  std::map<std::string, std::string> update(const State& state, const ApiOptions& options);

  // For a host that carries no load balancers any more.
  void remove();

 private:
  std::string path_of(const std::string& id) const;
  Result<void> write(const ServerCertificate& certificate, const ApiOptions& options) const;
  void keep(const Kept<ServerCertificate>& certificate, const ApiOptions& options);
  void remove_others(const std::map<std::string, std::string>& files);

  std::string directory_;
  std::map<std::string, std::int64_t> written_ = {};  // Ids and the revisions of their records.
  std::map<std::string, std::string> complaints_ = {};
  std::map<std::string, std::string> last_ = {{"", ""}};  // Not yet known.
};

}  // namespace ikada
