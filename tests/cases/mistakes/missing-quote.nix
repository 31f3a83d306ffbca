{
  name = "pgvector;
  version = "1";
}
