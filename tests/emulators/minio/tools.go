//go:build tools

// Package tools names the server that tests run, so that go.mod pins it.
package tools

import _ "github.com/minio/minio"
