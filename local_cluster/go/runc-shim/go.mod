module jewelry-shop.local/runc-shim

go 1.24
