// Requests summed up over workers, each of which counts from zero.
#pragma once

#include <map>
#include <string>

#include "cluster/loadbalancing/proxy_status.h"

namespace ikada {

class RequestSums {
 public:
  // What the present worker has counted so far, by group; the first time that is where the sums
  // begin. Counts that went down are a new worker's.
  void add(const std::map<std::string, SectionCounts>& counts);

  const std::map<std::string, SectionCounts>& sums() const { return sums_; }

 private:
  bool has_begun_ = false;
  std::map<std::string, SectionCounts> last_;
  std::map<std::string, SectionCounts> sums_;
};

}  // namespace ikada
