/** A contract that the engine does not start with, or that does not fit its port type. The message says where and what. */
export class ContractError extends Error {}
