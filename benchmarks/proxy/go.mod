module kled.io/benchmarks/proxy

go 1.22
