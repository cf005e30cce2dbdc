"""Object stores: `base` is the contract, `url` opens a store, `safety` judges one."""
