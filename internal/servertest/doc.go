// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package servertest starts real servers for tests: Gitea, and Kubernetes with Argo Rollouts, which
// "make tools" builds into .tools/bin. Each is a process of its own, on a free port of 127.0.0.1 and
// with a folder of its own, and ends with the test.
//
//	StartGitea       fresh SQLite, a repository, and an account that may write its issues
//	StartKubernetes  etcd and kube-apiserver, with RBAC; a kubelet's work is pretended
//	  .StartRollouts the controller of Argo Rollouts, and its custom resource definitions
package servertest
