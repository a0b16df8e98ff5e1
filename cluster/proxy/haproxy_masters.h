// HAProxys that run a file of ours, whoever started them.
//
// An ikadad that is ended between starting HAProxy and HAProxy's writing of its pid leaves one that
// no file tells of.
//
// Source: proc(5).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace ikada {

// All processes that read `config` and see the file system that we see, which no container's
// process does: masters and their workers.
std::vector<pid_t> find_haproxys(const std::string& config);
std::vector<pid_t> find_haproxy_masters(const std::string& config);

bool is_haproxy_of(pid_t pid, const std::string& config);

}  // namespace ikada
