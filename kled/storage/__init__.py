"""Object stores behind one Protocol: `base` is the contract, `url` opens one, `safety` judges one."""
