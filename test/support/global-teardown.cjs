module.exports = () => globalThis.stopRunDatabase();
