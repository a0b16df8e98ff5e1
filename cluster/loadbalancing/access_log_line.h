// A request as a line of Elastic Load Balancing's access log of application load balancers.
//
//   type time elb client:port target:port request_processing_time target_processing_time
//   response_processing_time elb_status_code target_status_code received_bytes sent_bytes "request"
//   "user_agent" ssl_cipher ssl_protocol target_group_arn "trace_id" "domain_name"
//   "chosen_cert_arn" matched_rule_priority request_creation_time "actions_executed"
//   "redirect_url" "error_reason" "target:port_list" "target_status_code_list" "classification"
//   "classification_reason" conn_trace_id
//
// What is not known here is "-": trace and connection ids, certificates, classifications.
//
// Source: Elastic Load Balancing User Guide for Application Load Balancers, "Access log entries".
#pragma once

#include <cstdint>
#include <string>

#include "cluster/loadbalancing/request_log.h"

namespace ikada {

// The log group of the balancer's access log, "/ikada/elb/NAME"; empty if it keeps none.
std::string access_log_group(const LoadBalancer& balancer);

// `group_arn`: of the record's section, empty without one; `now_ms`: when it was answered.
std::string access_log_line(const RequestRecord& record,
                            const PlannedListener& listener,
                            const std::string& group_arn,
                            std::int64_t now_ms);

}  // namespace ikada
