// Containers as `ps` shows them and `--filter` chooses them.
//
// Source: docker-ps(1).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/engine/container_record.h"
#include "cluster/engine/live_status.h"
#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct ListedContainer {
  ContainerRecord record;
  LiveStatus status;
  NetworkStatus network;
};

// Newest first. A container that another command is making or removing just now is passed over.
Result<std::vector<ListedContainer>> list_all_containers(const EngineLayout& layout);

// A row for table.h; `truncate` shortens id and command.
Json container_row(const ListedContainer& container, UnixNanos now, bool truncate);

// "0.0.0.0:8080->80/tcp, 90/tcp".
std::string describe_ports(const ContainerRecord& record, const NetworkStatus& network);

// "2026-11-23 21:10:15 +0000 UTC".
std::string format_docker_time(UnixNanos time);

// `filters` are "key=value"; several of one key are alternatives (labels must all hold).
// kInvalid for a key or value that is none.
Result<std::vector<ListedContainer>> filter_containers(std::vector<ListedContainer> containers,
                                                       const std::vector<std::string>& filters);

}  // namespace ikada
