const { FILEDEPOT_TEST_MONGODB_URL, FILEDEPOT_TEST_MONGO_ENDPOINT } = process.env

/** The URI of a mongod, where there is one: that of docker-compose.yml is at 127.0.0.1:27019. */
export const realServerUri =
  FILEDEPOT_TEST_MONGODB_URL ??
  (FILEDEPOT_TEST_MONGO_ENDPOINT === undefined
    ? undefined
    : `mongodb://${FILEDEPOT_TEST_MONGO_ENDPOINT}/?directConnection=true`)
