"""The whole data model, a file per service.  Importing ``micronova.db.schema`` loads them all."""
